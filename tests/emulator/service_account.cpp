#include "tests/emulator/service_account.hpp"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "tests/emulator/files.hpp"

namespace pusher::emulator {

namespace {

std::string random_hex(size_t bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string raw(bytes, '\0'), text;
  RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes));
  for (char c : raw) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string pem_of(EVP_PKEY* key) {
  bio_ptr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(memory.get());
}

std::string member(const rapidjson::Document& file, const char* name) {
  auto found = file.FindMember(name);
  return found != file.MemberEnd() && found->value.IsString() ? found->value.GetString() : std::string();
}

std::optional<service_account> read_account(const std::string& text) {
  rapidjson::Document file;
  file.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (file.HasParseError() || !file.IsObject()) return std::nullopt;
  service_account account;
  account.project = member(file, "project_id");
  account.key_id = member(file, "private_key_id");
  account.email = member(file, "client_email");
  account.client_id = member(file, "client_id");
  account.token_uri = member(file, "token_uri");
  std::string pem = member(file, "private_key");
  bio_ptr memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  account.key.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  if (!account.key || account.key_id.empty() || account.email.empty()) return std::nullopt;
  return account;
}

service_account make_account(const std::string& project) {
  service_account account;
  account.key_id = random_hex(20);
  account.email = "push@" + project + ".iam.gserviceaccount.com";
  account.client_id = "100000000000000000001";
  account.key.reset(EVP_RSA_gen(2048));
  return account;
}

std::string text_of_account(const service_account& account) {
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(text);
  auto put = [&](const char* name, const std::string& value) {
    writer.Key(name);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  writer.StartObject();
  put("type", "service_account");
  put("project_id", account.project);
  put("private_key_id", account.key_id);
  put("private_key", pem_of(account.key.get()));
  put("client_email", account.email);
  put("client_id", account.client_id);
  put("token_uri", account.token_uri);
  writer.EndObject();
  return std::string(text.GetString(), text.GetSize()) + "\n";
}

}  // namespace

std::optional<service_account> ensure_service_account(const std::string& path, const std::string& project,
                                                      const std::string& token_uri) {
  auto text = read_file(path);
  auto account = text ? read_account(*text) : make_account(project);
  if (!account || !account->key) return std::nullopt;
  if (account->project != project || account->token_uri != token_uri) {
    account->project = project;
    account->token_uri = token_uri;
    if (!write_file(path, text_of_account(*account), 0600)) return std::nullopt;
  }
  return account;
}

}  // namespace pusher::emulator
