#include "actors/inspect/live_looks.hpp"

#include <algorithm>

#include "actors/inspect/terminal_text.hpp"
#include "model/json.hpp"

namespace pusher {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr auto interval = 1000ms;
constexpr auto longest_back_off = std::chrono::milliseconds(8000);

std::unique_ptr<rapidjson::Document> read(std::string text) {
  auto document = json::parse(screen::valid_utf8(std::move(text)));
  return document ? std::make_unique<rapidjson::Document>(*std::move(document)) : nullptr;
}

}  // namespace

result<cluster_look> look_at_cluster(std::unique_ptr<node_client>& client, const settings& config,
                                     const std::string& node) {
  if (!client) {
    auto connected = node_client::connect(config, node);
    if (!connected) return std::move(connected).failure();
    client = *std::move(connected);
  }
  cluster_look made;
  made.address = client->address();
  auto cluster = client->ask("status", {});
  if (!cluster) {
    client.reset();
    return std::move(cluster).failure();
  }
  made.at = clock::now();
  made.cluster = read(std::move(cluster->text));
  if (!cluster->ok || !made.cluster)
    return error{errc::timed_out, "The node's answer cannot be read.", "", 0};
  auto streams = client->ask("streams", {});
  if (!streams)
    client.reset();
  else if (streams->ok)
    made.streams = read(std::move(streams->text));
  return made;
}

struct live_looks::shared {
  settings config;
  std::string node;
  std::function<void()> told;
  mutable std::mutex mutex;
  std::condition_variable ended;
  bool ending = false;
  latest known;
};

live_looks::live_looks(const settings& config, std::string node, std::function<void()> told)
    : shared_(std::make_shared<shared>()) {
  shared_->config = config;
  shared_->node = std::move(node);
  shared_->told = std::move(told);
  std::thread(run, shared_).detach();
}

live_looks::~live_looks() {
  std::lock_guard<std::mutex> guard(shared_->mutex);
  shared_->ending = true;
  shared_->ended.notify_all();
}

live_looks::latest live_looks::get() const {
  std::lock_guard<std::mutex> guard(shared_->mutex);
  return shared_->known;
}

void live_looks::run(const std::shared_ptr<shared>& of) {
  std::unique_ptr<node_client> client;
  auto pause = std::chrono::milliseconds(interval);
  std::unique_lock<std::mutex> lock(of->mutex);
  while (!of->ending) {
    lock.unlock();
    auto begun = clock::now();
    auto look = look_at_cluster(client, of->config, of->node);
    lock.lock();
    if (of->ending) break;
    if (look) {
      of->known.before = std::move(of->known.now);
      of->known.now = std::make_shared<const cluster_look>(*std::move(look));
      of->known.trouble.clear();
      pause = interval;
    } else {
      pause = of->known.trouble.empty() ? interval : std::min(pause * 2, longest_back_off);
      of->known.trouble = look.failure().detail;
    }
    of->told();
    of->ended.wait_until(lock, begun + pause, [&] { return of->ending; });
  }
}

}  // namespace pusher
