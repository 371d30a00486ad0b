// One way from thread to thread at a steady pace: the ring of ring.cpp, one record at its intended time, latency from that time to its
// arrival. Each line on stdin: records, records a second. The answer ends with p50, p90, p99, p99.9 and max in ns. As bench/hop.ts.
#include "rival.hpp"
#include <algorithm>
#include <atomic>
#include <thread>

struct Record { uint32_t word, instrument; double sequence, tsEvent, tsRecv, body[4]; };
static_assert(sizeof(Record) == 64, "a record is a cache line");
constexpr uint32_t CAPACITY = 1 << 14;
constexpr uint32_t MASK = CAPACITY - 1;
constexpr int64_t SETTLING_RECORDS = 1000;

struct Ring {
  alignas(128) std::atomic<uint32_t> published{0};
  alignas(128) std::atomic<uint32_t> released{0};
  alignas(128) Record slots[CAPACITY];
};
static Ring ring;
static std::vector<int64_t> latencies;

static void produce(int64_t records, double periodNs, int64_t start) {
  uint32_t next = ring.published.load(std::memory_order_relaxed);
  uint32_t releasedSeen = ring.released.load(std::memory_order_acquire);
  for (int64_t n = 0; n < records; n++, next++) {
    double due = (double)start + (double)n * periodNs;
    while ((double)nowNs() < due) {}
    while (next - releasedSeen >= CAPACITY) releasedSeen = ring.released.load(std::memory_order_acquire);
    Record& record = ring.slots[next & MASK];
    record.word = 0x802;
    record.sequence = (double)n;
    record.tsRecv = due;
    ring.published.store(next + 1, std::memory_order_release);
  }
}

static double consume(int64_t records) {
  uint32_t read = ring.released.load(std::memory_order_relaxed);
  double sum = 0;
  for (int64_t done = 0; done < records;) {
    uint32_t count = ring.published.load(std::memory_order_acquire) - read;
    if (count == 0) continue;
    for (uint32_t i = 0; i < count; i++, done++) {
      int64_t now = nowNs();
      const Record& record = ring.slots[(read + i) & MASK];
      sum += record.sequence;
      if (done >= SETTLING_RECORDS) latencies.push_back(now - (int64_t)record.tsRecv);
    }
    read += count;
    ring.released.store(read, std::memory_order_release);
  }
  return sum;
}

static long long at(double part) {
  if (latencies.empty()) return 0;
  size_t rank = (size_t)(part * (double)latencies.size());
  if (rank >= latencies.size()) rank = latencies.size() - 1;
  return (long long)latencies[rank];
}

int main() {
  serve([](int64_t records, int64_t rate) {
    latencies.resize((size_t)records); // touched before anything is measured
    latencies.clear();
    std::atomic<bool> ready{false};
    std::atomic<bool> go{false};
    double sum = 0;
    std::thread consumer([&] {
      ready.store(true);
      while (!go.load()) {}
      sum = consume(records);
    });
    while (!ready.load()) {}
    int64_t start = nowNs();
    go.store(true);
    produce(records, 1e9 / (double)rate, start);
    consumer.join();
    int64_t ns = nowNs() - start;
    std::sort(latencies.begin(), latencies.end());
    uint64_t whole = (uint64_t)sum;
    uint32_t hash = mixWord(mixWord(0, (uint32_t)whole), (uint32_t)(whole >> 32));
    printf("%lld %lld %08x %lld %lld %lld %lld %lld\n", (long long)ns, (long long)records, hash, at(0.5), at(0.9), at(0.99), at(0.999), at(1));
    fflush(stdout);
  });
}
