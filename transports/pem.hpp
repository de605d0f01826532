// Keys and certificates in PEM as OpenSSL's objects, which free themselves.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct asn1_string_st;
struct evp_pkey_st;
struct x509_st;

namespace pusher {

struct certificate_deleter {
  void operator()(x509_st* certificate) const;
};
using certificate_ptr = std::unique_ptr<x509_st, certificate_deleter>;

/// Of any kind. Empty when there is none that opens without a pass phrase; the terminal is never asked.
std::shared_ptr<evp_pkey_st> read_private_key(std::string_view pem);
/// All in their order. Nothing when one of them is broken.
std::optional<std::vector<certificate_ptr>> read_certificates(std::string_view pem);
/// Empty when OpenSSL fails.
std::string to_pem(x509_st* certificate);

/// As RFC 2253 writes it.
std::string subject_of(const x509_st* certificate);
/// Seconds since the epoch.
int64_t seconds_of(const asn1_string_st* time);

}  // namespace pusher
