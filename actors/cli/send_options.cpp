#include "actors/cli/send_options.hpp"

#include <CLI/CLI.hpp>

namespace pusher::cli {

namespace {

constexpr const char* send_examples =
    R"(Examples:
  pusher send --token TOKEN --gateway fcm --title Hello --body World --wait
  pusher send --device phone-1 --title "On its way" --data order=1812 --wait --json
  pusher send --user u-7 --title Hello --url https://push.example.com --key-file push.key
  pusher send --condition '{"property":"plan","eq":"pro"}' --title "Spring sale" --dry-run

The API key comes from the variable PUSHER_API_KEY or from --key-file, never from the command line. Without one, on a
node's machine, a key of --app is made in the node's store (as --config tells) for this one call.
Exit codes: 0 launched, with --wait accepted by all; 1 refused, or not accepted by some; 2 usage; 3 no answer.)";

}  // namespace

void add_send(CLI::App& to, settings_options& from, commands::send_wish& wish, int& code) {
  auto* send =
      to.add_subcommand("send", "One push through a running node: to a token, device, user or condition");
  send->footer(send_examples);
  from.add_to(*send);
  send->add_option("--token", wish.token, "A push token; one that no device holds is registered")
      ->group("Whom");
  send->add_option("--gateway", wish.gateway, "Of the token: fcm, apns, hms (default: fcm)")
      ->check(CLI::IsMember({"fcm", "apns", "webpush", "hms"}))
      ->group("Whom");
  send->add_option("--environment", wish.environment,
                   "Of an APNs token: production, sandbox (default: production)")
      ->check(CLI::IsMember({"production", "sandbox"}))
      ->group("Whom");
  send->add_option("--device", wish.devices, "A device_id; may be repeated")->group("Whom");
  send->add_option("--user", wish.users, "A user_id; may be repeated")->group("Whom");
  send->add_option("--condition", wish.condition, "A condition over devices, JSON")->group("Whom");
  send->add_option("--segment", wish.segment, "A segment's name")->group("Whom");
  send->add_option("--title", wish.title, "The title")->group("What");
  send->add_option("--body", wish.body, "The text")->group("What");
  send->add_option("--data", wish.data, "NAME=VALUE for the app; may be repeated")->group("What");
  send->add_option("--image", wish.image, "An image's URL")->group("What");
  send->add_option("--icon", wish.icon, "An icon's URL")->group("What");
  send->add_option("--link", wish.link, "Where a tap leads")->group("What");
  send->add_option("--sound", wish.sound, "A sound's name")->group("What");
  send->add_option("--badge", wish.badge, "The number on the app's icon")->group("What");
  send->add_option("--collapse-key", wish.collapse_key, "A later push with the same key replaces this one")
      ->group("How");
  send->add_option("--ttl", wish.ttl_seconds, "Seconds after which it is not sent any more")->group("How");
  send->add_option("--lane", wish.lane, "transactional (default for tokens, devices and users), campaign")
      ->check(CLI::IsMember({"transactional", "campaign"}))
      ->group("How");
  send->add_option("--priority", wish.priority, "high, normal: how urgently gateways deliver it")
      ->check(CLI::IsMember({"high", "normal"}))
      ->group("How");
  send->add_flag("--wait", wish.wait, "Follow it until every device has its outcome")->group("How");
  send->add_option("--timeout", wish.timeout_seconds, "Longest wait in seconds (default: 60)")->group("How");
  send->add_flag("--dry-run", wish.dry_run, "Send nothing: count, and show what each gateway would get")
      ->group("How");
  send->add_flag("--json", wish.as_json, "JSON in place of text")->group("How");
  send->add_option("--url", wish.url, "The node's API (default: where the configured node listens)")
      ->group("Where");
  send->add_option("--key-file", wish.key_file, "A file with the API key, readable by you alone")
      ->type_name("FILE")
      ->group("Where");
  send->add_option("--ca-file", wish.ca_file, "Certificate authorities for https")
      ->type_name("FILE")
      ->group("Where");
  send->add_option("--app", wish.application, "The application, when there is no key (default: default)")
      ->group("Where");
  send->callback([&] {
    if (!wish.url.empty()) return void(code = commands::send(wish, std::nullopt));
    code = from.run_with([&](settings s) { return commands::send(wish, std::move(s)); });
  });
}

}  // namespace pusher::cli
