// Values for JavaScript, by plain Node-API: a Worker that is being terminated refuses each call that might run
// JavaScript, setting a property among them, and node-addon-api's wrappers of these end the process then. What cannot
// be made is null here, and taken as `undefined`; nothing is lost by that, because no JavaScript runs any more.
#ifndef POSIX_ASYNC_VALUES_H_
#define POSIX_ASYNC_VALUES_H_

#include <node_api.h>

#include <cstdint>
#include <cstring>

namespace posix_async {

inline napi_value NumberOf(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

inline napi_value BooleanOf(napi_env env, bool boolean) {
  napi_value value = nullptr;
  napi_get_boolean(env, boolean, &value);
  return value;
}

inline napi_value StringOf(napi_env env, const char* text, size_t size) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text, size, &value);
  return value;
}

// The exception that is pending is taken, and forgotten.
inline void ForgetException(napi_env env) {
  bool pending = false;
  napi_value ignored = nullptr;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) {
    napi_get_and_clear_last_exception(env, &ignored);
  }
}

inline void SetProperty(napi_env env, napi_value object, const char* name, napi_value value) {
  if (value == nullptr || napi_set_named_property(env, object, name, value) != napi_ok) ForgetException(env);
}

inline void SetElement(napi_env env, napi_value array, uint32_t index, napi_value value) {
  if (value == nullptr || napi_set_element(env, array, index, value) != napi_ok) ForgetException(env);
}

// A Buffer of its own with these bytes.
inline napi_value CopyOf(napi_env env, const void* data, size_t size) {
  napi_value buffer = nullptr;
  if (napi_create_buffer_copy(env, size, data, nullptr, &buffer) != napi_ok) ForgetException(env);
  return buffer;
}

// What JavaScript holds of a T; `release` is called once, when it is collected or where it could not be made.
template <typename T, void (*release)(T*)>
napi_value HandleOf(napi_env env, T* object) {
  napi_value handle = nullptr;
  const auto finalize = [](napi_env, void* held, void*) { release(static_cast<T*>(held)); };
  if (napi_create_external(env, object, finalize, nullptr, &handle) == napi_ok) return handle;
  ForgetException(env);
  release(object);
  return nullptr;
}

// Memory of the addon's as an ArrayBuffer; `release` is called as above. `*error` takes 0, or -ENOTSUP where the
// runtime allows no memory of ours, or -ENOMEM.
template <typename T, void (*release)(T*)>
napi_value MemoryOf(napi_env env, void* memory, size_t size, T* owner, int* error) {
  napi_value buffer = nullptr;
  const auto finalize = [](napi_env, void*, void* held) { release(static_cast<T*>(held)); };
  const napi_status status = napi_create_external_arraybuffer(env, memory, size, finalize, owner, &buffer);
  *error = status == napi_ok ? 0 : status == napi_no_external_buffers_allowed ? -ENOTSUP : -ENOMEM;
  if (status == napi_ok) return buffer;
  ForgetException(env);
  release(owner);
  return nullptr;
}

}  // namespace posix_async

#endif  // POSIX_ASYNC_VALUES_H_
