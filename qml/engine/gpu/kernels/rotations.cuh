// Rotations on one register bit. Every index is a constant once unrolled, so amplitudes stay in registers.
#pragma once
#include "sums.cuh"

// Generators of a pair (a, b = a | 1 << J): ODD (an odd number of Y letters) [[0, -1], [1, 0]], else [[0, -i], [-i, 0]].
// Tangent form: v += t G v; its cosine is applied elsewhere. `pattern` flips the sign by register bits.
template <int J, bool ODD> DEVICE void rotate_tangent(Real* re, Real* im, Real t, unsigned pattern) {
#pragma unroll
  for (int a = 0; a < A; a++) if (!(a >> J & 1)) {
    const int b = a | 1 << J; const Real q = pattern ? flip(t, __popc(pattern & a)) : t;
    if (ODD) { Real x = re[a] - q * re[b], y = im[a] - q * im[b]; re[b] += q * re[a]; im[b] += q * im[a]; re[a] = x; im[a] = y; }
    else { Real x = re[a] + q * im[b], y = im[a] - q * re[b], u = re[b] + q * im[a], v = im[b] - q * re[a]; re[a] = x; im[a] = y; re[b] = u; im[b] = v; }
  }
}
template <int J, bool ODD> DEVICE void rotate_full(Real* re, Real* im, Real c, Real s, unsigned pattern) {
#pragma unroll
  for (int a = 0; a < A; a++) if (!(a >> J & 1)) {
    const int b = a | 1 << J; const Real q = pattern ? flip(s, __popc(pattern & a)) : s;
    if (ODD) { Real x = c * re[a] - q * re[b], y = c * im[a] - q * im[b]; re[b] = c * re[b] + q * re[a]; im[b] = c * im[b] + q * im[a]; re[a] = x; im[a] = y; }
    else { Real x = c * re[a] + q * im[b], y = c * im[a] - q * re[b], u = c * re[b] + q * im[a], v = c * im[b] - q * re[a]; re[a] = x; im[a] = y; re[b] = u; im[b] = v; }
  }
}
// Re <bra|G|ket>, over the amplitudes of this thread.
template <int J, bool ODD> DEVICE Real slope(const Real* re, const Real* im, const Real* bre, const Real* bim, unsigned pattern) {
  Real first = 0, second = 0;
#pragma unroll
  for (int a = 0; a < A; a++) if (!(a >> J & 1)) {
    const int b = a | 1 << J;
    if (pattern) {
      Real p, q; const unsigned sign = __popc(pattern & a);
      if (ODD) { p = bre[b] * re[a] - bre[a] * re[b]; q = bim[b] * im[a] - bim[a] * im[b]; }
      else { p = bre[a] * im[b] - bim[a] * re[b]; q = bre[b] * im[a] - bim[b] * re[a]; }
      first += flip(p, sign); second += flip(q, sign);
    } else if (ODD) { first += bre[b] * re[a]; first -= bre[a] * re[b]; second += bim[b] * im[a]; second -= bim[a] * im[b]; }
    else { first += bre[a] * im[b]; first -= bim[a] * re[b]; second += bre[b] * im[a]; second -= bim[b] * re[a]; }
  }
  return first + second;
}
DEVICE void multiply(Real* re, Real* im, Real c, Real s) { const Real x = *re * c - *im * s; *im = *re * s + *im * c; *re = x; }

// One wire: (v0 + i v1, v2 + i v3) under exp(-i t/2 axis), axis 0 X, 1 Y, 2 Z; c, s of t/2.
DEVICE void rotate_wire(int axis, Real c, Real s, Real* v) {
  const Real a = v[0], b = v[1], p = v[2], q = v[3];
  if (axis == 2) { v[0] = c * a + s * b; v[1] = c * b - s * a; v[2] = c * p - s * q; v[3] = c * q + s * p; }
  else if (axis == 1) { v[0] = c * a - s * p; v[1] = c * b - s * q; v[2] = c * p + s * a; v[3] = c * q + s * b; }
  else { v[0] = c * a + s * q; v[1] = c * b - s * p; v[2] = c * p + s * b; v[3] = c * q - s * a; }
}
