// Which addresses strangers may make us connect to.
#pragma once

#include <sys/socket.h>

namespace pusher {

/// Whether the address belongs to the public internet: not private, loopback, link-local, multicast,
/// unspecified, for documentation, or one of these in an IPv6 address's clothes (mapped, 6to4, NAT64).
/// Sources: the IANA special-purpose address registries for IPv4 and IPv6.
bool is_public(const sockaddr_storage& address);

}  // namespace pusher
