// Calls of JavaScript from the event loop, and what they throw. See enter_js.h.
#include "enter_js.h"

#include <utility>

namespace posix_async {
namespace {

// V8 does not look whether an argument is there: what could not be made is `undefined`.
struct Given {
  Given(napi_env env, std::initializer_list<napi_value> given) {
    napi_value undefined = nullptr;
    napi_get_undefined(env, &undefined);
    for (const napi_value value : given) {
      if (count < kMost) values[count++] = value == nullptr ? undefined : value;
    }
  }

  static constexpr size_t kMost = 8;
  napi_value values[kMost];
  size_t count = 0;
};

}  // namespace

EnterJs::EnterJs(EnterJs&& other) noexcept
    : env_(other.env_),
      function_(std::exchange(other.function_, nullptr)),
      context_(std::exchange(other.context_, nullptr)) {}

void EnterJs::Open(napi_env env, napi_value function, const char* name) {
  env_ = env;
  napi_create_reference(env, function, 1, &function_);
  if (name == nullptr) return;
  napi_value text = nullptr;
  napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &text);
  napi_async_init(env, nullptr, text, &context_);
}

// The resource of a call that is under way is needed until it returns.
void EnterJs::Close() {
  if (function_ != nullptr) napi_delete_reference(env_, std::exchange(function_, nullptr));
  if (context_ != nullptr && depth_ == 0) napi_async_destroy(env_, std::exchange(context_, nullptr));
}

napi_value EnterJs::Call(std::initializer_list<napi_value> given) {
  napi_value global = nullptr, function = nullptr, result = nullptr;
  if (function_ == nullptr || napi_get_global(env_, &global) != napi_ok) return nullptr;
  napi_get_reference_value(env_, function_, &function);
  const Given arguments(env_, given);
  depth_++;
  const napi_status status =
      napi_make_callback(env_, context_, global, function, arguments.count, arguments.values, &result);
  depth_--;
  if (function_ == nullptr) Close();
  return Finish(status, result);
}

napi_value EnterJs::CallAlone(std::initializer_list<napi_value> given) {
  napi_value global = nullptr, function = nullptr, result = nullptr;
  if (function_ == nullptr || napi_get_global(env_, &global) != napi_ok) return nullptr;
  napi_get_reference_value(env_, function_, &function);
  const Given arguments(env_, given);
  const napi_status status = napi_call_function(env_, global, function, arguments.count, arguments.values, &result);
  return Finish(status, result);
}

napi_value EnterJs::Finish(napi_status status, napi_value result) {
  if (status == napi_ok) return result;
  bool thrown = false;
  napi_value error = nullptr;
  if (napi_is_exception_pending(env_, &thrown) != napi_ok || !thrown) return nullptr;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
  return nullptr;
}

bool EnterJs::Ask(std::initializer_list<napi_value> arguments) {
  const napi_value answer = CallAlone(arguments);
  bool yes = false;
  return answer != nullptr && napi_get_value_bool(env_, answer, &yes) == napi_ok && yes;
}

}  // namespace posix_async
