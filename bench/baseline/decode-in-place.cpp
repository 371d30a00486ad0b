// ITCH 5.0 read in place: length prefix, one switch on the type, every field of orders and trades loaded from the wire into a check
// sum, nothing copied. argv[1]: the file. The same sums as bench/decode.ts takes from its records.
#include "rival.hpp"

static uint16_t u16(const uint8_t* p) { uint16_t v; memcpy(&v, p, 2); return __builtin_bswap16(v); }
static uint32_t u32(const uint8_t* p) { uint32_t v; memcpy(&v, p, 4); return __builtin_bswap32(v); }

struct Sums {
  uint32_t order = 0, price = 0, qty = 0, time = 0, locate = 0, records = 0;
  void add(const uint8_t* m, uint32_t orderLow, uint32_t priceNow, uint32_t qtyNow) {
    order += orderLow;
    price += priceNow;
    qty += qtyNow;
    time += u32(m + 7);
    locate += u16(m + 1);
    records++;
  }
};

int main(int, char** argv) {
  std::vector<uint8_t> bytes = readFile(argv[1]);
  serve([&](int64_t, int64_t) {
    const uint8_t* p = bytes.data();
    const uint8_t* end = p + bytes.size();
    int64_t start = nowNs();
    Sums sums;
    int64_t messages = 0;
    while (p + 2 < end) {
      const uint8_t* m = p + 2;
      p = m + u16(p);
      messages++;
      switch (m[0]) {
        case 'A': case 'F': sums.add(m, u32(m + 15), u32(m + 32), u32(m + 20)); break;
        case 'E': sums.add(m, u32(m + 15), 0, u32(m + 19)); break;
        case 'C': sums.add(m, u32(m + 15), u32(m + 32), u32(m + 19)); break;
        case 'X': sums.add(m, u32(m + 15), 0, u32(m + 19)); break;
        case 'D': sums.add(m, u32(m + 15), 0, 0); break;
        case 'U':
          sums.add(m, u32(m + 15), 0, 0);
          sums.add(m, u32(m + 23), u32(m + 31), u32(m + 27));
          break;
        case 'P': sums.add(m, u32(m + 40), u32(m + 32), u32(m + 20)); break;
        case 'Q':
          if ((u32(m + 11) | u32(m + 15)) != 0) sums.add(m, u32(m + 35), u32(m + 27), u32(m + 15));
          break;
        case 'B': sums.add(m, u32(m + 15), 0, 0); break;
        default: break;
      }
    }
    int64_t ns = nowNs() - start;
    uint32_t hash = 0;
    for (uint32_t word : {sums.order, sums.price, sums.qty, sums.time, sums.locate, sums.records}) hash = mixWord(hash, word);
    answer(ns, messages, hash);
  });
}
