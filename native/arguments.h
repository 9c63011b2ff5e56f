// The arguments of a native, converted by the types of its parameters and checked here once for all of them: what a
// native gets as memory is as long as the engine says, whatever properties JavaScript has put on the object.
//
//   int, unsigned, int64_t, double, bool, std::string   from a number, boolean or string
//   Path           the name of a file, from a string or from bytes; no NUL in it
//   Bytes          the bytes of a Buffer, TypedArray, DataView or ArrayBuffer; none of any other value
//   Part           three arguments: bytes, offset and length, which lie within them
//   Room<T, N>     the bytes of a TypedArray, in which there is room for N values of type T
//   RoomOrNone     the same, or null where there are no bytes
//   Many<T>        the bytes of a TypedArray as values of type T
//   Rest           all arguments that are left, each some bytes: an array would have to be asked for its elements, and
//                  an element may be a getter
//   Napi::Value (or a subclass), Napi::Env               as they are; Env takes no argument
//
// Memory is borrowed until the native returns. JavaScript must not run before that: it could detach what was borrowed.
#ifndef POSIX_ASYNC_ARGUMENTS_H_
#define POSIX_ASYNC_ARGUMENTS_H_

#include <napi.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

// For what each of some hundred natives would have a copy of: a call more costs nothing beside what it calls.
#define POSIX_ASYNC_ONE_COPY __attribute__((noinline))

namespace posix_async {

struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;
};

// Whether `length` bytes from `offset` are among them; no sum is made that could be too large for 64 bits.
inline bool IsWithin(const Bytes& bytes, int64_t offset, int64_t length) {
  const auto size = static_cast<int64_t>(bytes.size);
  return offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
}

struct Part {
  uint8_t* data = nullptr;
  size_t size = 0;
};

template <typename T, size_t N = 1>
struct Room {
  using Type = T;
  static constexpr size_t kSize = N * sizeof(T);
  T* data = nullptr;
  T& operator[](size_t index) const { return data[index]; }
};

template <typename T, size_t N = 1>
struct RoomOrNone : Room<T, N> {};

template <typename T>
struct Many {
  using Type = T;
  T* data = nullptr;
  size_t count = 0;
};

struct Path {
  std::string text;
  const char* c_str() const { return text.c_str(); }
};

struct Rest {
  std::vector<Bytes> pieces;
};

// The size of one element; 1 for a kind that this Node-API does not know, so that no byte too many is taken.
constexpr size_t ElementSize(napi_typedarray_type type) {
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    default:
      return 1;
  }
}

// Borrows the bytes of a Buffer, TypedArray, DataView or ArrayBuffer. None where it is detached, or out of the bounds
// of memory that was made shorter.
POSIX_ASYNC_ONE_COPY inline Bytes ToBytes(napi_env env, napi_value value) {
  void* data = nullptr;
  size_t size = 0;
  // Not written where the kind is unknown.
  auto type = static_cast<napi_typedarray_type>(-1);
  if (napi_get_typedarray_info(env, value, &type, &size, &data, nullptr, nullptr) == napi_ok) {
    size *= ElementSize(type);
  } else if (napi_get_dataview_info(env, value, &size, &data, nullptr, nullptr) != napi_ok &&
             napi_get_arraybuffer_info(env, value, &data, &size) != napi_ok) {
    return {};
  }
  return {static_cast<uint8_t*>(data), size};
}

POSIX_ASYNC_ONE_COPY inline bool IsBytes(napi_env env, napi_value value) {
  bool is_view = false, is_data_view = false, is_buffer = false;
  napi_is_typedarray(env, value, &is_view);
  napi_is_dataview(env, value, &is_data_view);
  napi_is_arraybuffer(env, value, &is_buffer);
  return is_view || is_data_view || is_buffer;
}

// Takes the arguments of one call from left to right. After the last, `refusal` says what is wrong with one of them.
class Arguments {
 public:
  Arguments(napi_env env, const napi_value* values, size_t count) : env_(env), values_(values), count_(count) {}

  const char* refusal() const { return refusal_; }

  // Throws it.
  POSIX_ASYNC_ONE_COPY napi_value Refuse() const {
    if (memory_) {
      napi_throw_range_error(env_, "ERR_OUT_OF_RANGE", refusal_);
    } else {
      napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", refusal_);
    }
    return nullptr;
  }

  template <typename T>
  T Take() {
    if constexpr (std::is_same_v<T, Napi::Env>) {
      return Napi::Env(env_);
    } else if constexpr (std::is_same_v<T, Part>) {
      return TakePart();
    } else if constexpr (std::is_same_v<T, Rest>) {
      return TakeRest();
    } else if constexpr (std::is_base_of_v<Napi::Value, T>) {
      return TakeObject<T>();
    } else {
      T taken{};
      Into(&taken, values_[next_++]);
      return taken;
    }
  }

  // How many arguments a parameter of this type takes.
  template <typename T>
  static constexpr size_t Count() {
    return std::is_same_v<T, Napi::Env> || std::is_same_v<T, Rest> ? 0 : std::is_same_v<T, Part> ? 3 : 1;
  }

 private:
  void Check(bool holds, const char* otherwise, bool memory = false) {
    if (holds || refusal_ != nullptr) return;
    refusal_ = otherwise;
    memory_ = memory;
  }
  void CheckMemory(bool holds, const char* otherwise) { Check(holds, otherwise, true); }
  void CheckNumber(napi_status status) { Check(status == napi_ok, "a number was expected"); }

  POSIX_ASYNC_ONE_COPY Part TakePart() {
    const Bytes bytes = ToBytes(env_, values_[next_++]);
    int64_t offset = 0, length = 0;
    Into(&offset, values_[next_++]);
    Into(&length, values_[next_++]);
    const bool within = IsWithin(bytes, offset, length);
    CheckMemory(within, "offset and length are not within the bytes");
    return within ? Part{bytes.data + offset, static_cast<size_t>(length)} : Part{};
  }

  POSIX_ASYNC_ONE_COPY Rest TakeRest() {
    Rest rest;
    for (; next_ < count_; next_++) {
      Check(IsBytes(env_, values_[next_]), "bytes were expected");
      rest.pieces.push_back(ToBytes(env_, values_[next_]));
    }
    return rest;
  }

  POSIX_ASYNC_ONE_COPY bool Is(napi_value value, napi_valuetype wanted) const {
    napi_valuetype type = napi_undefined;
    return napi_typeof(env_, value, &type) == napi_ok && type == wanted;
  }

  POSIX_ASYNC_ONE_COPY bool Is(napi_value value, napi_status (*is)(napi_env, napi_value, bool*)) const {
    bool result = false;
    return is(env_, value, &result) == napi_ok && result;
  }

  template <typename T>
  T TakeObject() {
    const napi_value value = values_[next_++];
    if constexpr (std::is_same_v<T, Napi::Function>) Check(Is(value, napi_function), "a function was expected");
    if constexpr (std::is_same_v<T, Napi::Array>) Check(Is(value, napi_is_array), "an array was expected");
    if constexpr (std::is_same_v<T, Napi::Object>)
      Check(Is(value, napi_object) || Is(value, napi_function), "an object was expected");
    if constexpr (std::is_same_v<T, Napi::ArrayBuffer>)
      Check(Is(value, napi_is_arraybuffer), "an ArrayBuffer was expected");
    if constexpr (IsExternal<T>::value) Check(Is(value, napi_external), "a handle was expected");
    return T(env_, value);
  }

  void Into(int* taken, napi_value value) { CheckNumber(napi_get_value_int32(env_, value, taken)); }
  void Into(unsigned* taken, napi_value value) { CheckNumber(napi_get_value_uint32(env_, value, taken)); }
  void Into(int64_t* taken, napi_value value) { CheckNumber(napi_get_value_int64(env_, value, taken)); }
  void Into(double* taken, napi_value value) { CheckNumber(napi_get_value_double(env_, value, taken)); }
  void Into(bool* taken, napi_value value) {
    Check(napi_get_value_bool(env_, value, taken) == napi_ok, "a boolean was expected");
  }

  POSIX_ASYNC_ONE_COPY void Into(std::string* taken, napi_value value) {
    size_t length = 0;
    const bool is_string = napi_get_value_string_utf8(env_, value, nullptr, 0, &length) == napi_ok;
    Check(is_string, "a string was expected");
    if (!is_string) return;
    taken->resize(length + 1);  // with the NUL that is written behind it
    napi_get_value_string_utf8(env_, value, taken->data(), length + 1, &length);
    taken->resize(length);
  }

  void Into(Bytes* taken, napi_value value) { *taken = ToBytes(env_, value); }

  POSIX_ASYNC_ONE_COPY void Into(Path* taken, napi_value value) {
    if (IsBytes(env_, value)) {
      const Bytes bytes = ToBytes(env_, value);
      if (bytes.size > 0) taken->text.assign(reinterpret_cast<const char*>(bytes.data), bytes.size);
    } else {
      Into(&taken->text, value);
    }
    Check(taken->text.find('\0') == std::string::npos, "a name without NUL was expected");
  }

  template <typename T, size_t N>
  void Into(Room<T, N>* taken, napi_value value) {
    const Bytes bytes = ToBytes(env_, value);
    CheckMemory(bytes.size >= Room<T, N>::kSize, "there is not room enough");
    taken->data = Aligned<T>(bytes);
  }

  template <typename T, size_t N>
  void Into(RoomOrNone<T, N>* taken, napi_value value) {
    if (ToBytes(env_, value).size > 0) Into(static_cast<Room<T, N>*>(taken), value);
  }

  template <typename T>
  void Into(Many<T>* taken, napi_value value) {
    const Bytes bytes = ToBytes(env_, value);
    *taken = {Aligned<T>(bytes), bytes.size / sizeof(T)};
  }

  template <typename T>
  T* Aligned(const Bytes& bytes) {
    CheckMemory(reinterpret_cast<uintptr_t>(bytes.data) % alignof(T) == 0, "the bytes are not aligned");
    return reinterpret_cast<T*>(bytes.data);
  }

  template <typename T>
  struct IsExternal : std::false_type {};
  template <typename T>
  struct IsExternal<Napi::External<T>> : std::true_type {};

  const napi_env env_;
  const napi_value* const values_;
  const size_t count_;
  size_t next_ = 0;
  const char* refusal_ = nullptr;
  bool memory_ = false;  // it is about the length of memory
};

}  // namespace posix_async

#endif  // POSIX_ASYNC_ARGUMENTS_H_
