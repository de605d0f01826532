// Prints the steps of the schema, one JSON object per line: what a test needs to make a database of an
// earlier version.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdio>

#include "storage/migrations.hpp"

int main() {
  for (const auto& step : pusher::migrations()) {
    rapidjson::StringBuffer line;
    rapidjson::Writer<rapidjson::StringBuffer> json(line);
    json.StartObject();
    json.Key("version");
    json.Uint(step.version);
    json.Key("statements");
    json.StartArray();
    for (const auto& each : step.statements)
      json.String(each.data(), static_cast<rapidjson::SizeType>(each.size()));
    json.EndArray();
    json.EndObject();
    std::puts(line.GetString());
  }
  return 0;
}
