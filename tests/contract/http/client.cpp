#include "client.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace {

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text;
}

}  // namespace

http_client::http_client(uint16_t port, int receive_bytes) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  void* address = &to;
  if (connect(socket_, static_cast<sockaddr*>(address), sizeof to) != 0) close_now();
  if (connected()) fcntl(socket_, F_SETFL, O_NONBLOCK);
}

http_client::~http_client() {
  close_now();
}

bool http_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    pollfd wait{socket_, POLLOUT, 0};
    if (errno != EAGAIN || poll(&wait, 1, 20'000) != 1) return false;
  }
  return true;
}

bool http_client::fill(int wait_ms) {
  char bytes[65'536];
  pollfd wait{socket_, POLLIN, 0};
  if (poll(&wait, 1, wait_ms) != 1) return false;
  auto count = recv(socket_, bytes, sizeof bytes, 0);
  last_count_ = count;
  if (count <= 0) return false;
  input_.append(bytes, static_cast<size_t>(count));
  return true;
}

bool http_client::fill_to(size_t bytes) {
  while (input_.size() < bytes)
    if (!fill()) return false;
  return true;
}

std::optional<received_answer> http_client::receive(bool head) {
  size_t end;
  while ((end = input_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return std::nullopt;
  received_answer answer;
  if (input_.compare(0, 9, "HTTP/1.1 ") != 0) return std::nullopt;
  answer.status = std::stoi(input_.substr(9, 3));
  for (auto at = input_.find("\r\n") + 2; at < end + 2;) {
    auto stop = input_.find("\r\n", at);
    auto line = input_.substr(at, stop - at);
    auto colon = line.find(": ");
    answer.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    at = stop + 2;
  }
  input_.erase(0, end + 4);
  auto length = answer.headers.find("content-length");
  if (head || answer.status == 100 || length == answer.headers.end()) return answer;
  auto bytes = std::stoul(length->second);
  if (!fill_to(bytes)) return std::nullopt;
  answer.body = input_.substr(0, bytes);
  input_.erase(0, bytes);
  return answer;
}

std::optional<received_answer> http_client::ask(const std::string& request) {
  if (!send(request)) return std::nullopt;
  return receive();
}

bool http_client::closed_within(std::chrono::milliseconds most) {
  auto deadline = std::chrono::steady_clock::now() + most;
  char bytes[65'536];
  for (auto left = most; left.count() > 0;
       left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())) {
    pollfd wait{socket_, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(left.count())) == 1 && recv(socket_, bytes, sizeof bytes, 0) <= 0)
      return true;
  }
  return false;
}

bool http_client::read_chunk() {
  size_t end;
  while ((end = input_.find("\r\n")) == std::string::npos)
    if (!fill()) return false;
  auto size = std::stoul(input_.substr(0, end), nullptr, 16);
  if (!fill_to(end + 2 + size + 2)) return false;
  lines_.append(input_, end + 2, size);
  input_.erase(0, end + 2 + size + 2);
  chunks_ended_ = size == 0;
  return true;
}

std::optional<std::string> http_client::next_line() {
  size_t end;
  while ((end = lines_.find('\n')) == std::string::npos)
    if (chunks_ended_ || !read_chunk()) return std::nullopt;
  auto line = lines_.substr(0, end);
  lines_.erase(0, end + 1);
  return line;
}

std::optional<std::string> http_client::next_chunk() {
  if (chunks_ended_) return std::string();
  if (!read_chunk()) return std::nullopt;
  return std::exchange(lines_, {});
}

std::optional<std::string> http_client::rest() {
  while (fill())
    continue;
  if (last_count_ != 0) return std::nullopt;
  return std::exchange(input_, {});
}

void http_client::abort() {
  linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close_now();
}

void http_client::close_now() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

void http_client::half_close() {
  shutdown(socket_, SHUT_WR);
}
