// The only N-API vocabulary of this addon: a family lists plain C++ functions, and this file turns each into a
// JavaScript function by the types of its parameters and of its result. See docs of node-addon-api.
//
//   int, unsigned, int64_t, double, bool, std::string   from a number, boolean or string
//   Bytes        from a Buffer, TypedArray, DataView or ArrayBuffer: borrowed until the function returns
//   Napi::Value (or a subclass), Napi::Env               as they are; Env takes no argument
// Results: void, bool, numbers (system calls: value or -errno), std::string, Napi::Value.
// Arguments were validated in TypeScript: nothing is checked or thrown here.
#ifndef POSIX_ASYNC_BINDING_H_
#define POSIX_ASYNC_BINDING_H_

#include <napi.h>

#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/base/result.h"

namespace posix_async {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// Borrows the bytes of a Buffer, TypedArray, DataView or ArrayBuffer.
inline Bytes ToBytes(Napi::Value value) {
  void* data = nullptr;
  size_t size = 0;
  const napi_env env = value.Env();
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    napi_get_typedarray_info(env, array, nullptr, nullptr, &data, nullptr, nullptr);
    size = array.ByteLength();
  } else if (value.IsDataView()) {
    napi_get_dataview_info(env, value, &size, &data, nullptr, nullptr);
  } else if (value.IsArrayBuffer()) {
    napi_get_arraybuffer_info(env, value, &data, &size);
  }
  return {static_cast<uint8_t*>(data), size};
}

// Takes the arguments of one call from left to right.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  template <typename T>
  T Take() {
    if constexpr (std::is_same_v<T, Napi::Env>) {
      return info_.Env();
    } else {
      return From<T>(info_[next_++]);
    }
  }

 private:
  template <typename T>
  static T From(Napi::Value value) {
    if constexpr (std::is_base_of_v<Napi::Value, T>) {
      return value.As<T>();
    } else if constexpr (std::is_same_v<T, bool>) {
      return value.As<Napi::Boolean>().Value();
    } else if constexpr (std::is_same_v<T, std::string>) {
      return value.As<Napi::String>().Utf8Value();
    } else if constexpr (std::is_same_v<T, Bytes>) {
      return ToBytes(value);
    } else if constexpr (std::is_same_v<T, double>) {
      return value.As<Napi::Number>().DoubleValue();
    } else if constexpr (std::is_same_v<T, unsigned>) {
      return value.As<Napi::Number>().Uint32Value();
    } else if constexpr (std::is_same_v<T, int>) {
      return value.As<Napi::Number>().Int32Value();
    } else {
      static_assert(std::is_same_v<T, int64_t>, "binding.h: no conversion for this parameter type");
      return value.As<Napi::Number>().Int64Value();
    }
  }

  const Napi::CallbackInfo& info_;
  size_t next_ = 0;
};

template <typename T>
Napi::Value ToJs(Napi::Env env, T value) {
  if constexpr (std::is_base_of_v<Napi::Value, T>) {
    return value;
  } else if constexpr (std::is_same_v<T, bool>) {
    return Napi::Boolean::New(env, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return Napi::String::New(env, value);
  } else {
    return Napi::Number::New(env, static_cast<double>(value));
  }
}

template <auto Function>
struct Bound;

template <typename R, typename... Parameters, R (*Function)(Parameters...)>
struct Bound<Function> {
  static Napi::Value Call(const Napi::CallbackInfo& info) {
    Arguments arguments(info);
    // Braced initialisation fixes the order: arguments are taken from left to right.
    std::tuple<std::decay_t<Parameters>...> taken{arguments.Take<std::decay_t<Parameters>>()...};
    if constexpr (std::is_void_v<R>) {
      std::apply(Function, std::move(taken));
      return info.Env().Undefined();
    } else {
      return ToJs(info.Env(), std::apply(Function, std::move(taken)));
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

// What a family fills: the exports of the addon.
class Exports {
 public:
  explicit Exports(Napi::Object exports) : exports_(exports), constants_(Napi::Object::New(exports.Env())) {
    exports_.Set("constants", constants_);
  }

  // `name` calls `function`, a plain C++ function in the vocabulary above.
  template <auto function>
  void Function(const char* name) {
    exports_.Set(name, Napi::Function::New<&Bound<function>::Call>(exports_.Env(), name));
  }

  // `name` is the C function of that name itself, for calls that take and give plain numbers and are never interrupted.
  template <auto function>
  void Syscall(const char* name) {
    Function<&Direct<function>::Call>(name);
  }

  void Constant(const char* name, double value) { constants_.Set(name, value); }

 private:
  Napi::Object exports_;
  Napi::Object constants_;
};

// One line a constant of a C header, under its own name.
#define POSIX_ASYNC_CONSTANT(exports, name) (exports).Constant(#name, static_cast<double>(name))

// Each native/<family>.cc defines one of these; addon.cc calls them.
void RegisterAio(Exports& exports);
void RegisterEpoll(Exports& exports);
void RegisterEventFd(Exports& exports);
void RegisterFd(Exports& exports);
void RegisterFork(Exports& exports);
void RegisterForkAcceptor(Exports& exports);
void RegisterHandler(Exports& exports);
void RegisterIoUring(Exports& exports);
void RegisterMemory(Exports& exports);
void RegisterNoWait(Exports& exports);
void RegisterPinnedMemory(Exports& exports);
void RegisterPoll(Exports& exports);
void RegisterProcess(Exports& exports);
void RegisterPthread(Exports& exports);
void RegisterReactor(Exports& exports);
void RegisterReadiness(Exports& exports);
void RegisterSelect(Exports& exports);
void RegisterSignal(Exports& exports);
void RegisterProcessIds(Exports& exports);
void RegisterResource(Exports& exports);
void RegisterSendfile(Exports& exports);
void RegisterSocket(Exports& exports);
void RegisterSocketMessage(Exports& exports);
void RegisterThread(Exports& exports);

}  // namespace posix_async

#endif  // POSIX_ASYNC_BINDING_H_
