#include "base/json.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"

namespace pare {
namespace {

constexpr int kMaxDepth = 200;

/// Watches the parser's events: a document that is too deep or names a key twice is stopped.
class Watch {
 public:
  bool operator()(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxDepth) fail(fmt::format("is nested more than {} deep", kMaxDepth));
    }
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      fail(fmt::format("has the key '{}' twice", parsed.get<std::string>()));
    }
    return true;
  }

 private:
  [[noreturn]] static void fail(const std::string& message) { throw InputError(message); }

  std::vector<std::set<std::string>> keys_;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  Watch watch;
  try {
    return nlohmann::json::parse(text, std::ref(watch));
  } catch (const nlohmann::json::parse_error& error) {
    throw InputError(fmt::format("{}: is not valid JSON (at byte {})", where, error.byte));
  } catch (const nlohmann::json::exception&) {
    throw InputError(fmt::format("{}: has a number that is out of range", where));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
}

std::string describe(const nlohmann::json& value) {
  constexpr std::size_t kLongest = 60;
  if (value.is_object()) return "an object";
  if (value.is_array()) return fmt::format("an array of {}", value.size());
  if (value.is_binary() || value.is_discarded()) return "no JSON value";
  const auto replace = nlohmann::json::error_handler_t::replace;
  const std::string text = value.dump(-1, ' ', false, replace);
  return text.size() <= kLongest ? text : fmt::format("a text of {} bytes", text.size() - 2);
}

void throw_json_type(const nlohmann::json& value, std::string_view expected,
                     const std::string& where) {
  throw InputError(fmt::format("{}: found {}, expected {}", where, describe(value), expected));
}

void check_keys(const nlohmann::json& value, std::initializer_list<std::string> known,
                const std::string& where) {
  if (!value.is_object()) throw_json_type(value, "an object", where);
  for (const auto& [key, unused] : value.items()) {
    if (std::ranges::find(known, key) != known.end()) continue;
    const std::vector<std::string> names(known);
    std::string advice = did_you_mean(key, names);
    if (advice.empty()) advice = fmt::format("; known keys: {}", fmt::join(names, ", "));
    throw InputError(fmt::format("{}: unknown key '{}'{}", where, key, advice));
  }
}

const nlohmann::json& member(const nlohmann::json& object, const std::string& key,
                             const std::string& where) {
  if (!object.is_object()) throw_json_type(object, "an object", where);
  const auto at = object.find(key);
  if (at == object.end()) throw InputError(fmt::format("{}: '{}' is missing", where, key));
  return *at;
}

}  // namespace pare
