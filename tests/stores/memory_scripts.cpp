// Runs the journal's Lua scripts on the Redis in memory, with the interpreter that Redis itself has inside.
#include <lua.hpp>

#include <memory>
#include <unordered_map>

#include "tests/stores/memory_redis.hpp"

namespace pusher::testing {

namespace {

memory_redis* calling = nullptr;  ///< whose script runs; tests run them on one thread

void push(lua_State* lua, const redis_reply& value) {
  switch (value.type) {
    case redis_reply::kind::nil:
    case redis_reply::kind::failure:
      return lua_pushboolean(lua, 0);
    case redis_reply::kind::integer:
      return lua_pushnumber(lua, static_cast<lua_Number>(value.integer));
    case redis_reply::kind::text:
      return lua_pushlstring(lua, value.text.data(), value.text.size());
    case redis_reply::kind::list:
      break;
  }
  lua_createtable(lua, static_cast<int>(value.items.size()), 0);
  int at = 0;
  for (const auto& each : value.items) {
    push(lua, each);
    lua_rawseti(lua, -2, ++at);
  }
}

/// As Redis makes replies of Lua's values: a table ends at its first nil, numbers lose their fraction.
redis_reply reply_of(lua_State* lua, int at) {
  size_t length = 0;
  switch (lua_type(lua, at)) {
    case LUA_TNUMBER:
      return reply_number(static_cast<long long>(lua_tonumber(lua, at)));
    case LUA_TSTRING: {
      const char* bytes = lua_tolstring(lua, at, &length);
      return reply_text(std::string(bytes, length));
    }
    case LUA_TBOOLEAN:
      return lua_toboolean(lua, at) ? reply_number(1) : reply_nil();
    case LUA_TTABLE:
      break;
    default:
      return reply_nil();
  }
  auto made = reply_list();
  for (int i = 1;; ++i) {
    lua_rawgeti(lua, at, i);
    bool ends = lua_isnil(lua, -1);
    if (!ends) made.items.push_back(reply_of(lua, lua_gettop(lua)));
    lua_pop(lua, 1);
    if (ends) return made;
  }
}

/// False when it failed; the failure's text is then on the stack. Lua's own way of raising it must not pass
/// over anything that has a destructor.
bool call_redis(lua_State* lua) {
  redis_arguments command;
  for (int i = 1; i <= lua_gettop(lua); ++i) {
    size_t length = 0;
    const char* bytes = lua_tolstring(lua, i, &length);
    command.emplace_back(bytes ? bytes : "", length);
  }
  auto answer = calling->call(command);
  if (answer.type == redis_reply::kind::failure) {
    lua_pushlstring(lua, answer.text.data(), answer.text.size());
    return false;
  }
  push(lua, answer);
  return true;
}

int redis_call(lua_State* lua) {
  return call_redis(lua) ? 1 : lua_error(lua);
}

class interpreter {
 public:
  interpreter() : lua_(luaL_newstate(), lua_close) {
    luaL_openlibs(lua_.get());
    lua_newtable(lua_.get());
    lua_pushcfunction(lua_.get(), redis_call);
    lua_setfield(lua_.get(), -2, "call");
    lua_setglobal(lua_.get(), "redis");
  }

  redis_reply run(const std::string& text, const redis_arguments& command) {
    auto* lua = lua_.get();
    if (auto fault = compiled(text); !fault.empty()) return reply_failure("ERR " + fault);
    auto keys = static_cast<size_t>(std::stoul(command[2]));
    set_list("KEYS", command, 3, 3 + keys);
    set_list("ARGV", command, 3 + keys, command.size());
    if (lua_pcall(lua, 0, 1, 0) != 0) {
      auto made = reply_failure(lua_tostring(lua, -1));
      lua_settop(lua, 0);
      return made;
    }
    auto made = reply_of(lua, lua_gettop(lua));
    lua_settop(lua, 0);
    return made;
  }

 private:
  /// Puts the script's function on the stack; a fault's text when it is no Lua.
  std::string compiled(const std::string& text) {
    auto* lua = lua_.get();
    auto& known = functions_[text.data()];
    if (known.text != text) {
      auto begin = text.find('\n');  // behind the line that says by which engine
      if (luaL_loadbuffer(lua, text.data() + begin, text.size() - begin, "script") != 0) {
        std::string why = lua_tostring(lua, -1);
        lua_settop(lua, 0);
        return why;
      }
      luaL_unref(lua, LUA_REGISTRYINDEX, known.reference);
      known = {text, luaL_ref(lua, LUA_REGISTRYINDEX)};
    }
    lua_rawgeti(lua, LUA_REGISTRYINDEX, known.reference);
    return {};
  }
  void set_list(const char* name, const redis_arguments& from, size_t begin, size_t end) {
    auto* lua = lua_.get();
    lua_createtable(lua, static_cast<int>(end - begin), 0);
    for (auto i = begin; i < end; ++i) {
      lua_pushlstring(lua, from[i].data(), from[i].size());
      lua_rawseti(lua, -2, static_cast<int>(i - begin + 1));
    }
    lua_setglobal(lua, name);
  }

  std::unique_ptr<lua_State, void (*)(lua_State*)> lua_;
  struct function {
    std::string text;
    int reference = LUA_NOREF;
  };
  std::unordered_map<const char*, function>
      functions_;  ///< by where the text is: another may come to be there
};

}  // namespace

redis_reply run_script(memory_redis& on, const std::string& text, const redis_arguments& command) {
  static interpreter lua;
  calling = &on;
  return lua.run(text, command);
}

}  // namespace pusher::testing
