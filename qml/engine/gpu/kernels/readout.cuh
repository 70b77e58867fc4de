// Expectation values of words, and the bra that their cotangents make of the ket.
//
// A word (x, z) is read from conj(ket_i) ket_(i ^ x): words that flip the same bits are one channel, and one transform
// gives all of its sign patterns. An odd number of Y letters takes the imaginary part.
#pragma once
#include "team.cuh"

// Where the amplitudes at index ^ flips are: in the exchange as a pass has left them, or in global memory.
struct ExchangePartner {
  Team& w; int pass; unsigned flips;
  template <class F> DEVICE void each(F visit) const {
    unsigned at[A]; w.coset<SHIFT2>(at, w.base(pass) ^ flips ^ w.to2(), w.q.passes[pass]);
#pragma unroll
    for (int a = 0; a < A; a++) visit(a, w.at2(at[a]));
  }
};
struct GlobalPartner {
  const Team& w; const Sweep& sweep; const V2* ket; unsigned flips;
  template <class F> DEVICE void each(F visit) const {
    unsigned i[A]; indices(w, sweep, i);
#pragma unroll
    for (int a = 0; a < A; a++) visit(a, ket[i[a] ^ flips]);
  }
};
// sink(word, sum) runs in one thread for each word of the channel.
template <class P, class F> DEVICE void read_channel(Team& w, const Channel& channel, const Real* re, const Real* im, const P& partner, F sink) {
  Real v[A];
  if (!WORDS_FLIP || !channel.x) {
#pragma unroll
    for (int a = 0; a < A; a++) v[a] = re[a] * re[a] + im[a] * im[a];
  } else partner.each([&](int a, V2 z) { v[a] = channel.odd ? re[a] * z.y - im[a] * z.x : re[a] * z.x + im[a] * z.y; });
  w.gather(channel.spot, channel.spots, v, sink);
}
template <class P, class F> DEVICE void add_channel(Team& w, const Channel& channel, const Real* re, const Real* im, Real* bre, Real* bim, const P& partner, F cotangent) {
  Real v[A];
  w.spread(channel.spot, channel.spots, v, cotangent);
  if (!WORDS_FLIP || !channel.x) {
#pragma unroll
    for (int a = 0; a < A; a++) { bre[a] += v[a] * re[a]; bim[a] += v[a] * im[a]; }
  } else partner.each([&](int a, V2 z) {
    if (channel.odd) { bre[a] += v[a] * z.y; bim[a] -= v[a] * z.x; } else { bre[a] += v[a] * z.x; bim[a] += v[a] * z.y; }
  });
}
