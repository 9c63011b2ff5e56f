// The histogram of latencies: constant memory, one increment a value.
#include "load.h"

static size_t IndexOf(uint64_t value) {
  if (value < 2 * kSubBuckets) return (size_t)value;
  const int octave = 63 - __builtin_clzll(value) - 6;  // value >> octave is from 64 to 127
  const size_t index = (size_t)octave * kSubBuckets + (size_t)(value >> octave);
  const size_t last = kOctaves * kSubBuckets - 1;
  return index < last ? index : last;
}

// The middle of the values that share an index.
static uint64_t ValueAt(size_t index) {
  if (index < 2 * kSubBuckets) return index;
  const uint64_t octave = index / kSubBuckets - 1;
  const uint64_t low = (index - octave * kSubBuckets) << octave;
  return low + (1ull << octave) / 2;
}

void Record(Histogram* histogram, uint64_t value) {
  histogram->counts[IndexOf(value)]++;
  histogram->total++;
  histogram->sum += value;
  if (value > histogram->max) histogram->max = value;
}

uint64_t Quantile(const Histogram* histogram, double quantile) {
  const double wanted = quantile * (double)histogram->total;
  uint64_t seen = 0;
  for (size_t i = 0; i < kOctaves * kSubBuckets; i++) {
    seen += histogram->counts[i];
    if (seen > 0 && (double)seen >= wanted) return ValueAt(i) < histogram->max ? ValueAt(i) : histogram->max;
  }
  return histogram->max;
}
