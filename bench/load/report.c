// One JSON object about a run; times in microseconds but for "seconds".
#include <math.h>
#include <stdio.h>

#include "load.h"

static double Microseconds(uint64_t nanoseconds) { return (double)nanoseconds / 1e3; }

static double Seconds(const Totals* totals) {
  return totals->ended > totals->began ? (double)(totals->ended - totals->began) / 1e9 : 0;
}

static void PrintString(const char* text) {
  putchar('"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    if ((unsigned char)*text >= ' ') putchar(*text);
  }
  putchar('"');
}

// The latencies for a curve on a logarithmic axis: pairs of a quantile and its time.
static void PrintCurve(const Histogram* latency) {
  static const double kCurve[] = {0, .1, .25, .5, .75, .9, .95, .975, .99, .995, .9975, .999, .9995, .9999, 1};
  printf("\"quantiles\":[");
  for (size_t i = 0; i < sizeof kCurve / sizeof *kCurve; i++) {
    printf("%s[%g,%.1f]", i == 0 ? "" : ",", kCurve[i],
           Microseconds(kCurve[i] < 1 ? Quantile(latency, kCurve[i]) : latency->max));
  }
  printf("],");
}

static void PrintLatencies(const Histogram* latency) {
  const struct {
    const char* name;
    double quantile;
  } kQuantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
  for (int i = 0; i < 4; i++) {
    printf("\"%s\":%.1f,", kQuantiles[i].name, Microseconds(Quantile(latency, kQuantiles[i].quantile)));
  }
  PrintCurve(latency);
  printf("\"max\":%.1f,", Microseconds(latency->max));
  printf("\"mean\":%.1f,", latency->total == 0 ? 0 : Microseconds(latency->sum) / (double)latency->total);
}

static void PrintErrors(const Totals* totals) {
  uint64_t failed = 0;
  printf("\"errors\":{");
  for (int i = 0; i < kErrorKinds; i++) {
    failed += totals->errors[i];
    printf("%s\"%s\":%llu", i == 0 ? "" : ",", kErrorNames[i], (unsigned long long)totals->errors[i]);
  }
  printf("},\"failed\":%llu,\"firstError\":", (unsigned long long)failed);
  if (totals->first_error[0] == '\0') {
    printf("null");
  } else {
    PrintString(totals->first_error);
  }
}

static int Held(const Load* load) {
  int held = 0;
  for (int i = 0; i < load->options.clients; i++) held += load->clients[i].fd >= 0;
  return held;
}

void PrintReport(const Load* load) {
  const Totals* const totals = &load->totals;
  const double seconds = Seconds(totals);
  printf("{\"mode\":\"%s\",\"clients\":%d,", kModeNames[load->options.mode], load->options.clients);
  printf("\"requests\":%llu,\"seconds\":%.6f,", (unsigned long long)totals->requests, seconds);
  printf("\"rate\":%.1f,", seconds > 0 ? (double)totals->requests / seconds : 0);
  PrintLatencies(&totals->latency);
  printf("\"asked\":%g,", load->options.rate);
  printf("\"generator\":{\"cpu\":%.6f,\"switches\":%llu},", (double)totals->cpu / 1e9,
         (unsigned long long)totals->switches);
  printf("\"bytes\":{\"in\":%llu,", (unsigned long long)totals->bytes_in);
  printf("\"out\":%llu},", (unsigned long long)totals->bytes_out);
  printf("\"held\":%d,", Held(load));
  printf("\"slow\":{\"sent\":%llu,\"received\":%llu},", (unsigned long long)load->slow_sent,
         (unsigned long long)load->slow_received);
  PrintErrors(totals);
  printf("}\n");
  fflush(stdout);
}
