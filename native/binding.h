// The only N-API vocabulary of this addon: a family lists plain C++ functions, and this file turns each into a
// JavaScript function by the types of its parameters (arguments.h) and of its result: void, bool, numbers (system
// calls: value or -errno), std::string, napi_value, Napi::Value. TypeScript has checked the arguments, and says what is
// wrong with one. What gets past it is refused here all the same, before the function is called: ERR_OUT_OF_RANGE for
// memory that is too short, ERR_INVALID_ARG_TYPE for the rest.
#ifndef POSIX_ASYNC_BINDING_H_
#define POSIX_ASYNC_BINDING_H_

#include <napi.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "arguments.h"
#include "core/base/result.h"
#include "values.h"

namespace posix_async {

template <typename T>
napi_value ToJs(napi_env env, T value) {
  if constexpr (std::is_convertible_v<T, napi_value>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return BooleanOf(env, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return StringOf(env, value.data(), value.size());
  } else {
    return NumberOf(env, static_cast<double>(value));
  }
}

inline size_t CountArguments(napi_env env, napi_callback_info info) {
  size_t count = 0;
  napi_get_cb_info(env, info, &count, nullptr, nullptr, nullptr);
  return count;
}

template <auto Function>
struct Bound;

template <typename R, typename... Parameters, R (*Function)(Parameters...)>
struct Bound<Function> {
  static napi_value Call(napi_env env, napi_callback_info info) {
    constexpr bool kHasRest = (false || ... || std::is_same_v<std::decay_t<Parameters>, Rest>);
    constexpr size_t kNamed = (1 + ... + Arguments::Count<std::decay_t<Parameters>>());
    std::conditional_t<kHasRest, std::vector<napi_value>, std::array<napi_value, kNamed>> values{};
    if constexpr (kHasRest) values.resize(std::max(kNamed, CountArguments(env, info)));
    size_t count = values.size();
    napi_get_cb_info(env, info, &count, values.data(), nullptr, nullptr);  // undefined where there are fewer
    Arguments arguments(env, values.data(), count);
    // Braced initialisation fixes the order: arguments are taken from left to right.
    std::tuple<std::decay_t<Parameters>...> taken{arguments.Take<std::decay_t<Parameters>>()...};
    if (arguments.refusal() != nullptr) return arguments.Refuse();
    if constexpr (std::is_void_v<R>) {
      std::apply(Function, std::move(taken));
      return nullptr;
    } else {
      return ToJs(env, std::apply(Function, std::move(taken)));
    }
  }
};

// Makes the system call once and gives its value or -errno.
template <auto Function, typename Type = decltype(Function)>
struct Direct;
template <auto Function, typename R, typename... P>
struct Direct<Function, R (*)(P...)> {
  static R Call(P... arguments) {
    return Result([&] { return Function(arguments...); });
  }
};
template <auto Function, typename R, typename... P>
struct Direct<Function, R (*)(P...) noexcept> : Direct<Function, R (*)(P...)> {};

// The attributes of a C function (warn_unused_result) are lost where it is a template's argument; its result is not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"

// What a family fills: the exports of the addon.
class Exports {
 public:
  Exports(napi_env env, napi_value exports) : env_(env), exports_(exports) {
    napi_create_object(env, &constants_);
    SetProperty(env, exports, "constants", constants_);
  }

  // `name` calls `function`, a plain C++ function in the vocabulary above.
  template <auto function>
  void Function(const char* name) {
    napi_value made = nullptr;
    napi_create_function(env_, name, NAPI_AUTO_LENGTH, &Bound<function>::Call, nullptr, &made);
    SetProperty(env_, exports_, name, made);
  }

  // `name` is the C function of that name itself, for calls that take and give plain numbers and are never interrupted.
  template <auto function>
  void Syscall(const char* name) {
    Function<&Direct<function>::Call>(name);
  }

  void Constant(const char* name, double value) { SetProperty(env_, constants_, name, NumberOf(env_, value)); }

 private:
  const napi_env env_;
  const napi_value exports_;
  napi_value constants_ = nullptr;
};

#pragma GCC diagnostic pop

// One line a constant of a C header, under its own name.
#define POSIX_ASYNC_CONSTANT(exports, name) (exports).Constant(#name, static_cast<double>(name))

// Each native/<family>.cc defines one of these; addon.cc calls them.
void RegisterAio(Exports& exports);
void RegisterClock(Exports& exports);
void RegisterEpoll(Exports& exports);
void RegisterEpollWaits(Exports& exports);
void RegisterEventFd(Exports& exports);
void RegisterFd(Exports& exports);
void RegisterFile(Exports& exports);
void RegisterFork(Exports& exports);
void RegisterForkAcceptor(Exports& exports);
void RegisterHandler(Exports& exports);
void RegisterInotify(Exports& exports);
void RegisterIoUring(Exports& exports);
void RegisterIoctl(Exports& exports);
void RegisterMemory(Exports& exports);
void RegisterNoWait(Exports& exports);
void RegisterPinnedMemory(Exports& exports);
void RegisterPoll(Exports& exports);
void RegisterProcess(Exports& exports);
void RegisterPthread(Exports& exports);
void RegisterReactor(Exports& exports);
void RegisterReadiness(Exports& exports);
void RegisterSched(Exports& exports);
void RegisterSelect(Exports& exports);
void RegisterSignal(Exports& exports);
void RegisterProcessIds(Exports& exports);
void RegisterResource(Exports& exports);
void RegisterSendfile(Exports& exports);
void RegisterSocket(Exports& exports);
void RegisterSocketMessage(Exports& exports);
void RegisterSocketMessages(Exports& exports);
void RegisterSpawn(Exports& exports);
void RegisterStructuredClone(Exports& exports);
void RegisterTerminal(Exports& exports);
void RegisterThread(Exports& exports);
void RegisterVectorIo(Exports& exports);

}  // namespace posix_async

#endif  // POSIX_ASYNC_BINDING_H_
