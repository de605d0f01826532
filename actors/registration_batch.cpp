#include "actors/registration_batch.hpp"

#include <map>

namespace pusher {

std::string registration_batch::name_of(const http::registration& of) {
  return std::to_string(of.application.value) + ":" + of.value.device_id;
}

void registration_batch::add(std::shared_ptr<http::exchange> exchange) {
  waiting fresh{std::move(exchange), {}, clock::now()};
  auto read = http::read_registration(fresh.exchange->request(), engine_);
  if (auto* refused = std::get_if<http::response>(&read)) return answer(fresh, std::move(*refused));
  fresh.wanted = std::move(std::get<http::registration>(read));
  auto name = name_of(fresh.wanted);
  bool deletes = fresh.wanted.deletes;
  if (size() >= most || (deletes ? put_names_ : deletion_names_).count(name)) store();
  (deletes ? deletion_names_ : put_names_).insert(std::move(name));
  (deletes ? deletions_ : puts_).push_back(std::move(fresh));
}

template <class Store>
void registration_batch::per_application(std::vector<waiting>& all, const Store& store) {
  std::map<application_id, group> groups;
  for (auto& each : all)
    groups[each.wanted.application].push_back(&each);
  for (const auto& [app, members] : groups)
    store(members);
}

void registration_batch::store() {
  per_application(puts_, [this](const group& all) { store_puts(all); });
  per_application(deletions_, [this](const group& all) { store_deletions(all); });
  puts_.clear();
  deletions_.clear();
  put_names_.clear();
  deletion_names_.clear();
}

namespace {

/// Whether a batch that failed so may do better one by one: the fault may be one row's.
bool may_be_one_row(const error& why, size_t count) {
  return count > 1 && why.code != errc::store_unavailable && why.code != errc::timed_out;
}

}  // namespace

void registration_batch::store_puts(const group& all) {
  std::vector<device> values;
  for (const auto* each : all)
    values.push_back(each->wanted.value);
  auto stored = engine_.put_devices(all.front()->wanted.application, values);
  if (!stored && may_be_one_row(stored.failure(), all.size())) {
    for (auto* each : all)
      store_puts({each});
    return;
  }
  for (size_t i = 0; i < all.size(); ++i)
    answer(*all[i],
           http::registration_response(
               all[i]->exchange->request(),
               stored ? result<http::registered_device>(std::move((*stored)[i])) : stored.failure()));
}

void registration_batch::store_deletions(const group& all) {
  std::vector<std::string> ids;
  for (const auto* each : all)
    ids.push_back(each->wanted.value.device_id);
  auto gone = engine_.delete_devices(all.front()->wanted.application, ids);
  if (!gone && may_be_one_row(gone.failure(), all.size())) {
    for (auto* each : all)
      store_deletions({each});
    return;
  }
  for (size_t i = 0; i < all.size(); ++i)
    answer(*all[i],
           http::deletion_response(all[i]->exchange->request(),
                                   gone ? result<bool>(static_cast<bool>((*gone)[i])) : gone.failure()));
}

void registration_batch::answer(const waiting& to, http::response made) {
  told_(*to.exchange, made, to.since);
  to.exchange->answer(std::move(made));
}

}  // namespace pusher
