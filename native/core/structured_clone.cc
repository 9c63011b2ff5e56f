// A walk over the bytes of a structured clone that adds up what V8 would make of them. See structured_clone.h.
// It is stricter than V8 wherever V8 is lenient, so that both see the same values in the same places.
#include "core/structured_clone.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace posix_async {
namespace {

// Estimates of what V8 takes for each, in bytes.
constexpr int64_t kSlot = 8;
constexpr int64_t kNumber = 16;
constexpr int64_t kString = 24;
constexpr int64_t kObject = 64;
constexpr int64_t kProperty = 24;
constexpr int64_t kEntry = 48;  // of a Map or a Set
constexpr int64_t kCollection = 200;
constexpr int64_t kError = 400;
constexpr int64_t kBuffer = 200;
constexpr int64_t kIndexed = 72;  // an element of an array that is a dictionary
// V8 makes a dictionary of what is longer.
constexpr uint32_t kLongestFastArray = 32 << 20;
// Elements of which an object with numbers as keys has at most half as many again before V8 counts them.
constexpr int64_t kUncounted = 8192;
constexpr size_t kDeepest = 100'000;

enum class Kind : uint8_t { kDense, kProperties, kMap, kSet, kError };

// A value that is not over yet.
struct Frame {
  Kind kind;
  uint8_t end;             // the tag that ends it
  uint8_t numbers_behind;  // how many numbers follow that
  uint32_t elements;       // of a dense array, those still to come
  uint32_t room;           // elements of an array that are counted already
  bool is_dictionary;      // whether numbers as keys take no more room than there are of them
  int64_t indices = 0;     // numbers that were keys
  int64_t highest = 0;
};

class Walk {
 public:
  Walk(const uint8_t* data, size_t size, unsigned version) : at_(data), end_(data + size), version_(version) {}

  int64_t Run() {
    if (!Header() || !Value()) return -EBADMSG;
    while (!open_.empty()) {
      if (!Step()) return -EBADMSG;
    }
    return at_ == end_ ? cost_ : -EBADMSG;
  }

 private:
  bool Header() {
    uint32_t version = 0;
    return at_ < end_ && *at_++ == 0xff && Number(&version) && version == version_;
  }

  // What goes on innermost.
  bool Step() {
    Frame& frame = open_.back();
    switch (frame.kind) {
      case Kind::kDense:
        return Element(frame);
      case Kind::kError:
        return ErrorPart();
      case Kind::kMap:
      case Kind::kSet:
        cost_ += kEntry;
        return IsOver(frame.end) ? Close() : Value();
      default:
        return IsOver(frame.end) ? Close() : Key(frame) && Value();
    }
  }

  bool Element(Frame& frame) {
    if (frame.elements == 0) {
      frame.kind = Kind::kProperties;
      return true;
    }
    frame.elements--;
    if (IsOver('-')) {  // a hole
      at_++;
      return true;
    }
    return Value();
  }

  // Whether the tag that comes, behind padding, is this one, which is left to be taken.
  bool IsOver(uint8_t tag) {
    while (at_ < end_ && *at_ == 0) at_++;
    return at_ < end_ && *at_ == tag;
  }

  bool Close() {
    at_++;
    const Frame frame = open_.back();
    open_.pop_back();
    uint32_t ignored = 0;
    for (int i = 0; i < frame.numbers_behind; i++) {
      if (!Number(&ignored)) return false;
    }
    if (frame.indices > 0) cost_ += RoomForIndices(frame);
    return true;
  }

  // An array of all up to the highest, where that is not too wasteful; else a dictionary.
  static int64_t RoomForIndices(const Frame& frame) {
    const int64_t some = kIndexed * frame.indices;
    if (frame.is_dictionary) return some;
    if (frame.highest < frame.room) return 0;
    const int64_t all = kSlot * (frame.highest + frame.highest / 2 + 16);
    return std::min(all, std::max(some, kSlot * kUncounted));
  }

  bool Open(Kind kind, uint8_t end, uint8_t numbers_behind, int64_t cost, uint32_t elements = 0, uint32_t room = 0) {
    if (open_.size() >= kDeepest) return false;
    cost_ += cost + kSlot * int64_t{room > kLongestFastArray ? 0 : room};
    open_.push_back({kind, end, numbers_behind, elements, room, room > kLongestFastArray});
    return true;
  }

  bool Key(Frame& frame) {
    uint8_t tag = 0;
    if (!Tag(&tag)) return false;
    cost_ += kProperty;
    if (tag == '"' || tag == 'c' || tag == 'S') return StringOf(tag);
    if (tag != 'I' && tag != 'U' && tag != 'N') return false;
    double index = 0;
    if (!NumberOf(tag, &index)) return false;
    // No element: a property whose name is that number.
    if (index < 0 || index > UINT32_MAX) return true;
    frame.indices++;
    if (index > static_cast<double>(frame.highest)) frame.highest = static_cast<int64_t>(index);
    return true;
  }

  bool Value() {
    uint8_t tag = 0;
    uint32_t number = 0;
    double ignored = 0;
    if (!Tag(&tag)) return false;
    switch (tag) {
      case '_':
      case '0':
      case 'T':
      case 'F':
        return true;
      case 'I':
      case 'U':
      case 'N':
        return NumberOf(tag, &ignored);
      case '^':
        return Number(&number);
      case '"':
      case 'c':
      case 'S':
        return StringOf(tag);
      case 'Z':
        return BigInt();
      case 'y':
      case 'x':
        return Cost(kObject);
      case 'n':
      case 'D':
        return Cost(2 * kObject) && Skip(sizeof(double));
      case 'z':
        return Cost(kObject) && BigInt();
      case 's':
        return Cost(kObject) && AnyString();
      case 'R':
        return Cost(4 * kObject) && AnyString() && Number(&number);
      default:
        return Container(tag);
    }
  }

  bool Container(uint8_t tag) {
    uint32_t length = 0;
    switch (tag) {
      case 'o':
        return Open(Kind::kProperties, '{', 1, kObject);
      case 'A':
        if (!Number(&length) || length > Left()) return false;
        return Open(Kind::kDense, '$', 2, kObject, length, length);
      case 'a':
        return Number(&length) && Open(Kind::kProperties, '@', 2, kObject, 0, length);
      case ';':
        return Open(Kind::kMap, ':', 1, kCollection);
      case '\'':
        return Open(Kind::kSet, ',', 1, kCollection);
      case 'r':
        return Open(Kind::kError, 0, 0, kError);
      case 'B':
        return Cost(kBuffer) && Number(&length) && Skip(length);
      case '~':
        return Resizable();
      case '\\':
        return Number(&length) && length <= kLastView && Number(&length) && Cost(kBuffer) && Skip(length);
      default:
        return false;
    }
  }

  // An ArrayBuffer for which V8 reserves addresses: as if it were made at its largest.
  bool Resizable() {
    uint32_t length = 0;
    uint32_t most = 0;
    return Number(&length) && Number(&most) && length <= most && Cost(kBuffer + int64_t{most}) && Skip(length);
  }

  bool ErrorPart() {
    if (at_ == end_) return false;
    switch (*at_++) {
      case 'E':
      case 'F':
      case 'R':
      case 'S':
      case 'T':
      case 'U':
        return true;
      case 'm':
      case 's':
        return AnyString();
      case 'c':
        return Value();
      case '.':
        open_.pop_back();
        return true;
      default:
        return false;
    }
  }

  bool AnyString() {
    uint8_t tag = 0;
    return Tag(&tag) && (tag == '"' || tag == 'c' || tag == 'S') && StringOf(tag);
  }

  // UTF-8 may become twice as long.
  bool StringOf(uint8_t tag) {
    uint32_t length = 0;
    return Number(&length) && (tag != 'c' || length % 2 == 0) &&
           Cost(kString + (tag == 'S' ? 2 : 1) * int64_t{length}) && Skip(length);
  }

  bool BigInt() {
    uint32_t bits = 0;
    return Number(&bits) && bits >> 31 == 0 && Cost(kNumber + (bits >> 1)) && Skip(bits >> 1);
  }

  bool NumberOf(uint8_t tag, double* value) {
    uint32_t number = 0;
    if (tag == 'N') {
      if (Left() < sizeof *value) return false;
      memcpy(value, at_, sizeof *value);
      return Cost(kNumber) && Skip(sizeof *value);
    }
    if (!Number(&number)) return false;
    *value = tag == 'U' ? number : (number & 1) ? -1.0 - (number >> 1) : number >> 1;
    return Cost(kNumber);
  }

  bool Tag(uint8_t* tag) {
    while (at_ < end_ && *at_ == 0) at_++;
    if (at_ == end_) return false;
    *tag = *at_++;
    return true;
  }

  // In groups of seven bits, the lowest first; only as V8 writes it: what does not fit 32 bits is refused.
  bool Number(uint32_t* value) {
    *value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      if (at_ == end_) return false;
      const uint8_t byte = *at_++;
      if (shift == 28 && byte > 0x0f) return false;
      *value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Cost(int64_t bytes) {
    cost_ += bytes;
    return true;
  }

  size_t Left() const { return end_ - at_; }

  bool Skip(size_t bytes) {
    if (bytes > Left()) return false;
    at_ += bytes;
    return true;
  }

  // Node's numbers for the classes of views: 0 to 12, and one more where there is a Float16Array.
  static constexpr uint32_t kLastView = 13;

  const uint8_t* at_;
  const uint8_t* const end_;
  const unsigned version_;
  int64_t cost_ = 0;
  std::vector<Frame> open_;
};

}  // namespace

int64_t CostOfStructuredClone(const uint8_t* data, size_t size, unsigned version) {
  return Walk(data, size, version).Run();
}

}  // namespace posix_async
