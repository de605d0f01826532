#include "actors/inspect/answer_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "actors/inspect/cluster_status.hpp"
#include "actors/inspect/terminal_text.hpp"
#include "actors/inspect/top_frame.hpp"
#include "model/json.hpp"

using namespace pusher;
using namespace pusher::screen;

namespace {

constexpr utc_ms now = 1'790'000'000'000;

rapidjson::Document parsed(const std::string& text) {
  auto made = json::parse(text);
  REQUIRE(made);
  return *std::move(made);
}

std::string node(const std::string& name, const std::string& more) {
  return R"({"name":")" + name + R"(","process":")" + name +
         R"(/b","roles":"fan-out","version":"1","started_at":")" + to_rfc3339(now - 61'000) +
         R"(","alive":true,"heard_ms_ago":400,)" + more + "}";
}

std::string cluster(const std::string& nodes) {
  return R"({"cluster":"c","asked":"a/b","nodes":[)" + nodes + "]}";
}

const std::string well = R"("report":{"ready":true,"draining":false,"epoch":3,"resident_bytes":1048576,
  "held_stages":[],"checks":[{"name":"redis","ok":true}],"links":[],"actors":[]})";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> problems_of(const std::string& text) {
  auto document = parsed(text);
  return read_cluster(document).problems;
}

bool any_has(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(), [&](const auto& each) { return has(each, part); });
}

const char* const all_commands[] = {"status",       "actors", "gateways",  "streams", "notification",
                                    "dead-letters", "guard",  "log-level", "pause"};

/// Everything that a document can become, in one text.
std::string everything(const rapidjson::Value& document, bool colours) {
  std::string made;
  for (const char* command : all_commands)
    made += show(command, document, &document, 1, {now, colours, false}).text;
  top_view how;
  how.now = now;
  how.lines = 500;
  how.colours = colours;
  for (bool help : {false, true}) {
    how.help = help;
    made += top_frame({&document, &document}, {&document, &document}, how);
  }
  return made;
}

}  // namespace

TEST_CASE("a cluster in which everything answers is well") {
  auto document = parsed(cluster(node("n1", well)));
  auto status = read_cluster(document);
  CHECK(status.healthy());
  CHECK(status.leader == "n1");
  CHECK(status.epoch == 3);
  auto text = status_text(status, now, false);
  CHECK(has(text, "n1    ready  1m01s    now   1 MiB"));
  CHECK_FALSE(has(text, "Problems"));
  CHECK_FALSE(has(text, "\033"));
  CHECK(has(status_text(status, now, true), "\033[32mready\033[0m"));
}

TEST_CASE("what does not answer is missing with its age and reason, and never zero") {
  auto document =
      parsed(cluster(node("n1", well) + "," + node("n2", R"("missing":"the connection broke off")")));
  auto status = read_cluster(document);
  CHECK(any_has(status.problems, "n2 is missing: the connection broke off; last heard 0.4 s ago"));
  auto text = status_text(status, now, false);
  CHECK(has(text, "n2    MISSING      -  0.4 s       -"));
  auto actors = show("actors", document, nullptr, 0, {now, false, false});
  CHECK_FALSE(actors.healthy);
  CHECK(has(actors.text, "n2    ?      MISSING        -        -"));
  top_view how;
  how.now = now;
  CHECK(has(top_frame({&document, nullptr}, {}, how), "1 MISSING"));
}

TEST_CASE("without a leader nothing is well, and the reason tells who could lead") {
  auto report = well;
  report.replace(report.find("\"epoch\":3"), 9, "\"epoch\":0");
  CHECK(any_has(problems_of(cluster(node("n1", report))), "no node that answers leads"));
  CHECK(any_has(problems_of(cluster("")), "no node plays fan-out"));
}

TEST_CASE(
    "failing checks, dead letters, broken links and silent actors are problems; a held stage is a note") {
  auto report = R"("report":{"ready":false,"draining":false,"epoch":1,"held_stages":["push-sender"],
    "journal":{"dead_letters":2,"measured_at":")" +
                to_rfc3339(now) + R"("},
    "checks":[{"name":"mariadb","ok":false,"detail":"gone"}],
    "links":[{"process":"n2/b","connected":false,"detail":"refused"}],
    "actors":[{"name":"fan-out/0","missing":"busy or hanging"}]})";
  auto document = parsed(cluster(node("n1", report) + "," + node("n2", well)));
  auto status = read_cluster(document);
  CHECK(any_has(status.problems, "n1: mariadb: gone"));
  CHECK(any_has(status.problems, "2 dead letters"));
  CHECK(any_has(status.problems, "n1 and n2 are not connected: refused"));
  CHECK(any_has(status.problems, "n1: fan-out/0: busy or hanging"));
  CHECK(any_has(status.notes, "push-sender is held"));
  CHECK_FALSE(any_has(status.problems, "held"));
}

TEST_CASE("nodes of one name are told apart by their processes") {
  auto second = node("n1", well);
  second.replace(second.find("n1/b"), 4, "n1/c");
  auto document = parsed(cluster(node("n1", well) + "," + second));
  auto status = read_cluster(document);
  CHECK(status.nodes[0].shown == "n1/b");
  CHECK(status.nodes[1].shown == "n1/c");
}

TEST_CASE("gateways are summed over senders, with rates between two looks") {
  auto sender = [](const char* requests, const char* more) {
    return std::string(
               R"({"name":"push-sender/0","detail":{"gateways":[{"app":"a","gateway":"fcm","credential":"c","requests":)") +
           requests + R"(,"in_flight":3,"connections":2)" + more + "}]}}";
  };
  auto of = [&](const char* first, const char* second, const char* more) {
    return parsed(cluster(
        node("n1", R"("report":{"ready":true,"epoch":1,"actors":[)" + sender(first, "") + "]}") + "," +
        node("n2", R"("report":{"ready":true,"epoch":0,"actors":[)" + sender(second, more) + "]}")));
  };
  auto before = of("100", "200", ""), after = of("150", "350", "");
  auto made = show("gateways", after, &before, 2, {now, false, true});
  CHECK(made.healthy);
  auto written = parsed(made.text);
  const auto& line = written["gateways"][0];
  CHECK(line["senders"].GetUint64() == 2);
  CHECK(line["in_flight"].GetUint64() == 6);
  CHECK(line["requests_per_second"].GetDouble() == doctest::Approx(100));
  auto broken = of("150", "350", R"(,"breaker_open":true,"trouble":"it refuses")");
  made = show("gateways", broken, nullptr, 0, {now, false, false});
  CHECK_FALSE(made.healthy);
  CHECK(has(made.text, "BREAKER"));
  CHECK(has(made.text, "a fcm c: it refuses"));
}

TEST_CASE("documents that are empty, odd or of another version are shown as far as they go") {
  for (const char* text :
       {"{}", "[]", "null", "7", R"("x")", R"({"nodes":7})", R"({"nodes":[7,null,{},[]]})",
        R"({"nodes":[{"report":7},{"report":{}},{"report":{"actors":{},"checks":7,"links":[7]}}]})",
        R"({"nodes":[{"name":7,"process":[],"report":{"actors":[{"detail":7},{"detail":[]}]}}]})",
        R"({"queues":[7,{}],"results":7,"later":[],"dead_letters":7,"held":[{}]})",
        R"({"dead_letters":[{},7]})", R"({"holds":[{},7]})",
        R"({"notifications":[{},7,{"counts":7,"journal":7}]})"}) {
    auto document = parsed(text);
    CHECK_NOTHROW((void)everything(document, true));
    for (const char* command : all_commands)
      CHECK_NOTHROW((void)parsed(show(command, document, nullptr, 0, {now, false, true}).text));
  }
}

TEST_CASE("whatever names and errors say, the terminal is not steered") {
  const std::string evil = R"(\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\r\n\u0000\u007f)";
  auto report = R"("report":{"ready":false,"epoch":1,"held_stages":["push-sender)" + evil + R"("],
    "checks":[{"name":")" +
                evil + R"(","ok":false,"detail":")" + evil + R"("}],
    "links":[{"process":"n2)" +
                evil + R"(/b","connected":false,"detail":")" + evil + R"("}],
    "actors":[{"name":")" +
                evil + R"(","restarts":1,"last_error":")" + evil + R"(","last_error_at":")" + evil + R"("},
      {"name":"x","missing":")" +
                evil + R"("},
      {"name":"s","detail":{"gateways":[{"app":")" +
                evil + R"(","gateway":")" + evil + R"(","credential":")" + evil + R"(","trouble":")" + evil +
                R"("}]}}]})";
  for (const auto& text :
       {cluster(node("n1" + evil, report) + "," + node("n2" + evil, R"("missing":")" + evil + "\"")),
        R"({"queues":[{"queue":")" + evil + R"(","depth":1,"owners":[{"consumer":")" + evil +
            R"(","claimed":1}]}],"held":[{"notification":")" + evil + R"("}]})",
        R"({"notifications":[{"id":")" + evil + R"(","application":")" + evil + R"(","external_id":")" +
            evil + R"(","state":")" + evil + R"(","difference":")" + evil + R"(","counts":{")" + evil +
            R"(":1},"journal":{"control":")" + evil + R"("}}]})",
        R"({"dead_letters":[{"id":")" + evil + R"(","readable":true,"notification":")" + evil +
            R"(","reason":")" + evil + R"(","owner":")" + evil + R"(","queue":")" + evil + R"("}]})",
        R"({"holds":[{"application":")" + evil + R"(","gateway":")" + evil + R"(","state":")" + evil +
            R"("}]})",
        R"({")" + evil + R"(":")" + evil + R"("})"}) {
    auto document = parsed(text);
    auto shown = everything(document, false);
    CHECK(shown.find('\033') == std::string::npos);
    for (unsigned char c : shown)
      CHECK((c >= 0x20 || c == '\n'));
    CHECK_FALSE(has(shown, "\u009b"));
    CHECK_FALSE(has(shown, "\u202e"));
    CHECK_FALSE(has(shown, "\177"));
  }
}

TEST_CASE("a frame of top fits its screen, whatever there is to show") {
  std::string nodes;
  for (int i = 0; i < 30; ++i)
    nodes += (i > 0 ? "," : "") +
             node("a-node-with-a-very-long-name-" + std::to_string(i),
                  i % 3 == 0 ? R"("missing":"no answer in time, whatever that may mean here")" : well);
  auto document = parsed(cluster(nodes));
  top_view how;
  how.now = now;
  how.trouble = "The node at 127.0.0.1:4270 did not answer in time.";
  auto text = top_frame({&document, nullptr}, {&document, nullptr}, how);
  std::istringstream lines(text);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    CHECK_MESSAGE(columns_of(line) <= 80, line);
  CHECK(count <= 24);
  CHECK(has(text, "NO ANSWER"));
  CHECK(has(text, "more"));
}
