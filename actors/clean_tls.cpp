// OpenSSL says what went wrong through a list of errors that a thread's connections share: before each call
// it must be empty, or the fault of one connection is taken for that of the next one. CAF does not empty it,
// and serves all connections on one thread: a guest that hangs up without a farewell, or a stranger who sends
// garbage, would cut the links between all nodes. These functions stand in front of OpenSSL's own for every
// library of the process.
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace {

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int SSL_read(SSL* on, void* into, int bytes) {
  static auto* const call = original<decltype(SSL_read)>("SSL_read");
  ERR_clear_error();
  return call(on, into, bytes);
}

__attribute__((visibility("default"))) int SSL_write(SSL* on, const void* from, int bytes) {
  static auto* const call = original<decltype(SSL_write)>("SSL_write");
  ERR_clear_error();
  return call(on, from, bytes);
}

__attribute__((visibility("default"))) int SSL_accept(SSL* on) {
  static auto* const call = original<decltype(SSL_accept)>("SSL_accept");
  ERR_clear_error();
  return call(on);
}

__attribute__((visibility("default"))) int SSL_connect(SSL* on) {
  static auto* const call = original<decltype(SSL_connect)>("SSL_connect");
  ERR_clear_error();
  return call(on);
}
}
