#include "http/docs_page.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <vector>

#include "http/docs_html.hpp"
#include "http/docs_schema.hpp"
#include "http/openapi.hpp"
#include "model/device.hpp"
#include "model/json_members.hpp"

namespace pusher::http {

namespace {

using rapidjson::Value;

constexpr std::string_view methods[] = {"get", "put", "post", "patch", "delete"};

std::string upper(std::string_view text) {
  std::string made(text);
  for (auto& c : made)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return made;
}

/// One operation of the document.
struct operation {
  std::string_view path, method;
  const Value* item;
  const Value* value;
  std::string_view name() const { return json::view_at(*value, "operationId"); }
  std::string_view tag() const { return json::view((*value)["tags"][0]); }
};

class docs_renderer {
 public:
  explicit docs_renderer(const Value& document) : document_(document), schemas_(document) {
    for (const auto& path : document["paths"].GetObject())
      for (auto method : methods)
        if (auto found = path.value.FindMember(method.data()); found != path.value.MemberEnd())
          operations_.push_back({json::view(path.name), method, &path.value, &found->value});
    find_shared();
  }

  std::string page() {
    out_ =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>Pusher API</title><link rel=\"icon\" href=\"data:,\"><style>";
    out_.append(docs_page_style).append("</style></head>\n<body>");
    navigation();
    out_ += "<main><h1>Pusher API</h1>";
    out_ += html_paragraphs(json::view_at(document_["info"], "description"));
    out_ += "<p>The same for programs: <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1).</p>";
    for (const auto& tag : document_["tags"].GetArray())
      section(tag);
    headers();
    faults();
    out_ += schemas_.section();
    out_.append("</main><script>").append(docs_page_script).append("</script></body></html>\n");
    return std::move(out_);
  }

 private:
  /// Parameters of every operation are told once.
  void find_shared() {
    std::map<const Value*, size_t> uses;
    for (const auto& each : operations_)
      for (const auto* parameter : all_parameters(each))
        ++uses[parameter];
    for (const auto* parameter : all_parameters(operations_.front()))
      if (uses[parameter] == operations_.size()) shared_.push_back(parameter);
  }

  /// The status under which routes give the answer of this name.
  std::string status_of(std::string_view name) const {
    for (const auto& each : operations_)
      for (const auto& response : (*each.value)["responses"].GetObject())
        if (last_name(json::view_at(response.value, "$ref")) == name)
          return std::string(json::view(response.name));
    return "";
  }

  static std::string_view last_name(std::string_view reference) {
    return reference.substr(reference.rfind('/') + 1);
  }

  void navigation() {
    out_ += "<nav aria-label=\"Routes\">";
    for (const auto& tag : document_["tags"].GetArray()) {
      out_ += "<h2>" + html_text(json::view_at(tag, "name")) + "</h2><ul>";
      for (const auto& each : operations_)
        if (each.tag() == json::view_at(tag, "name"))
          out_ += "<li><a href=\"#" + html_text(each.name()) + "\">" + badge(each.method) + " " +
                  html_text(each.path) + "</a></li>";
      out_ += "</ul>";
    }
    out_ +=
        "<h2>For all</h2><ul><li><a href=\"#headers\">Headers</a></li><li><a "
        "href=\"#faults\">Faults</a></li><li><a href=\"#schemas\">Schemas</a></li>"
        "</ul></nav>";
  }

  static std::string badge(std::string_view method) {
    return "<span class=\"method " + std::string(method) + "\">" + upper(method) + "</span>";
  }

  void section(const Value& tag) {
    out_ += "<section><h2>" + html_text(json::view_at(tag, "name")) + "</h2>";
    out_ += html_paragraphs(json::view_at(tag, "description"));
    for (const auto& each : operations_)
      if (each.tag() == json::view_at(tag, "name")) article(each);
    out_ += "</section>";
  }

  void article(const operation& of) {
    out_ += "<article id=\"" + html_text(of.name()) + "\"><h3>" + badge(of.method) + " <code>" +
            html_text(of.path) + "</code></h3><p><strong>" + html_text(json::view_at(*of.value, "summary")) +
            ".</strong> <span class=\"soft\">" + needed_scope(of) + "</span></p>";
    out_ += html_paragraphs(json::view_at(*of.value, "description"));
    out_ += "<pre>" + html_text(curl(of)) + "</pre>";
    parameters(of);
    body(of);
    responses(of);
    out_ += "</article>\n";
  }

  static std::string needed_scope(const operation& of) {
    const auto& security = (*of.value)["security"];
    if (security.Empty()) return "Without a key.";
    return "Scope <code>" + html_text(json::view(security[0]["api_key"][0])) + "</code>.";
  }

  /// A call of it that can be copied.
  std::string curl(const operation& of) const {
    std::string text = "curl";
    const auto* example = first_example(of);
    if (of.method != "get" && (of.method != "post" || !example)) text += " -X " + upper(of.method);
    if (!(*of.value)["security"].Empty()) text += " -H \"Authorization: Bearer $KEY\"";
    text += " localhost:8080" + filled_path(of);
    if (!example) return text;
    auto body = example->IsString() ? std::string(json::view(*example)) : json::to_text(*example);
    return text + " \\\n  " + (example->IsString() ? "--data-binary '" : "-d '") + shell_quoted(body) + "'";
  }

  static std::string shell_quoted(std::string_view text) {
    std::string made;
    for (char c : text)
      if (c == '\'')
        made += "'\\''";
      else
        made += c;
    return made;
  }

  std::string filled_path(const operation& of) const {
    std::string path(of.path);
    for (const auto* each : all_parameters(of)) {
      auto name = "{" + std::string(json::view_at(*each, "name")) + "}";
      auto at = path.find(name);
      if (at != std::string::npos && each->HasMember("example"))
        path.replace(at, name.size(), json::view_at(*each, "example"));
    }
    return path;
  }

  static const Value* first_example(const operation& of) {
    auto body = of.value->FindMember("requestBody");
    if (body == of.value->MemberEnd()) return nullptr;
    const auto& content = body->value["content"].MemberBegin()->value;
    auto examples = content.FindMember("examples");
    if (examples == content.MemberEnd() || examples->value.ObjectEmpty()) return nullptr;
    return &examples->value.MemberBegin()->value["value"];
  }

  std::vector<const Value*> all_parameters(const operation& of) const {
    std::vector<const Value*> all;
    for (const auto* from : {of.item, of.value})
      if (auto found = from->FindMember("parameters"); found != from->MemberEnd())
        for (const auto& each : found->value.GetArray())
          all.push_back(&schemas_.resolved(each));
    return all;
  }

  void parameters(const operation& of) {
    auto all = all_parameters(of);
    auto is_shared = [this](const Value* each) {
      return std::find(shared_.begin(), shared_.end(), each) != shared_.end();
    };
    all.erase(std::remove_if(all.begin(), all.end(), is_shared), all.end());
    if (all.empty()) return;
    out_ += "<h4>Parameters</h4>";
    list(all);
  }

  void list(const std::vector<const Value*>& some) {
    out_ += "<dl>";
    for (const auto* each : some) {
      out_ += "<dt><code>" + html_text(json::view_at(*each, "name")) + "</code> <span class=\"soft\">" +
              html_text(json::view_at(*each, "in")) + ", " + schemas_.words((*each)["schema"]) +
              "</span></dt>";
      out_ += "<dd>" + html_inline(json::view_at(*each, "description")) + "</dd>";
    }
    out_ += "</dl>";
  }

  void body(const operation& of) {
    auto found = of.value->FindMember("requestBody");
    if (found == of.value->MemberEnd()) return;
    for (const auto& content : found->value["content"].GetObject()) {
      out_ +=
          "<h4>Body: " + html_text(json::view(content.name)) + "</h4>" + schemas_.described(content.value);
      if (!content.value.HasMember("examples")) continue;
      for (const auto& each : content.value["examples"].GetObject()) {
        auto summary = json::view_at(each.value, "summary");
        out_ += "<details><summary>Example: " + html_text(summary.empty() ? json::view(each.name) : summary) +
                "</summary><pre>" + html_text(pretty(each.value["value"])) + "</pre></details>";
      }
    }
  }

  void responses(const operation& of) {
    out_ += "<h4>Answers</h4><dl>";
    std::string others;
    for (const auto& each : (*of.value)["responses"].GetObject()) {
      auto status = html_text(json::view(each.name));
      auto ref = json::view_at(each.value, "$ref");
      const auto& response = schemas_.resolved(each.value);
      bool of_all = !ref.empty() && status[0] > '3';
      if (of_all) {
        others += " <a href=\"#fault-" + html_text(last_name(ref)) + "\">" + status + "</a>";
        continue;
      }
      out_ += "<dt><strong>" + status + "</strong> " + html_inline(json::view_at(response, "description")) +
              "</dt><dd>";
      answer_bodies(response);
      out_ += "</dd>";
    }
    if (!others.empty()) out_ += "<dt class=\"soft\">Faults:" + others + "</dt>";
    out_ += "</dl>";
  }

  void answer_bodies(const Value& response) {
    if (!response.HasMember("content")) return;
    for (const auto& content : response["content"].GetObject()) {
      out_ += "<span class=\"soft\">" + html_text(json::view(content.name)) + "</span> " +
              schemas_.described(content.value);
      if (content.value.HasMember("example"))
        out_ += "<details><summary>Example</summary><pre>" + html_text(pretty(content.value["example"])) +
                "</pre></details>";
    }
  }

  void headers() {
    out_ += "<section><h2 id=\"headers\">Headers</h2><p>Every request may have these.</p>";
    list(shared_);
    out_ += "</section>";
  }

  void faults() {
    out_ += "<section><h2 id=\"faults\">Faults</h2>" +
            html_paragraphs(
                "Answers of `application/problem+json` (RFC 9457); see "
                "`Problem` below. A route lists those that it may give.") +
            "<dl>";
    for (const auto& each : document_["components"]["responses"].GetObject()) {
      auto content = each.value.FindMember("content");
      if (content == each.value.MemberEnd() || !content->value.HasMember("application/problem+json"))
        continue;
      auto name = html_text(json::view(each.name));
      out_ += "<dt id=\"fault-" + name + "\"><strong>" + status_of(name) + "</strong> <span class=\"soft\">" +
              name + "</span></dt><dd>" + html_inline(json::view_at(each.value, "description")) + "</dd>";
    }
    out_ += "</dl></section>";
  }

  const Value& document_;
  docs_schemas schemas_;
  std::vector<operation> operations_;
  std::vector<const Value*> shared_;
  std::string out_;
};

/// `'sha256-…'` of what stands in the page.
std::string hash_source(std::string_view text) {
  auto digest = sha256(text);
  unsigned char encoded[64];
  EVP_EncodeBlock(encoded, digest.data(), static_cast<int>(digest.size()));
  return "'sha256-" + std::string(encoded, std::find(encoded, encoded + sizeof encoded, 0)) + "'";
}

result<std::string> make_page() {
  const auto& text = openapi_document();
  if (!text) return text.failure();
  auto document = json::parse(*text);
  if (!document) return document.failure();
  return render_docs_page(*document);
}

}  // namespace

std::string render_docs_page(const Value& document) {
  return docs_renderer(document).page();
}

std::string docs_page_policy() {
  return "default-src 'none'; style-src " + hash_source(docs_page_style) + "; script-src " +
         hash_source(docs_page_script) +
         "; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

const result<std::string>& docs_page() {
  static const auto made = make_page();
  return made;
}

}  // namespace pusher::http
