#include "transports/transport.hpp"

namespace pusher {

std::string_view to_string(channel value) {
  switch (value) {
    case channel::fcm:
      return "fcm";
    case channel::apns:
      return "apns";
    case channel::apns_sandbox:
      return "apns-sandbox";
    case channel::webpush:
      return "webpush";
    case channel::hms:
      return "hms";
  }
  return "";
}

channel channel_of(gateway gateway, environment environment) {
  switch (gateway) {
    case gateway::fcm:
      return channel::fcm;
    case gateway::apns:
      return environment == environment::sandbox ? channel::apns_sandbox : channel::apns;
    case gateway::webpush:
      return channel::webpush;
    case gateway::hms:
      return channel::hms;
  }
  return channel::fcm;
}

}  // namespace pusher
