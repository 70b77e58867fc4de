// The product state in front of the circuit: built from one vector a wire, and its slopes from three numbers a wire.
#pragma once
#include "team.cuh"

// Wire vectors: the turns of each wire on |0>.
DEVICE void wire_vectors(Team& w) {
#pragma unroll 1
  for (int q = w.t; q < w.q.n; q += TEAM) {
    Real v[4] = {1, 0, 0, 0};
    for (int g = w.q.prefix[q]; g < w.q.prefix[q + 1]; g++) rotate_wire(w.q.turns[g].axis, w.local(g).x, w.local(g).y, v);
    for (int k = 0; k < 4; k++) w.vectors()[4 * q + k] = v[k];
  }
}
DEVICE void grow(const Real* v, Real* re, Real* im) { multiply(re, im, v[0], v[1]); }

// Products over the wires outside the tile: all of them, and all but one.
DEVICE void outside_products(Team& w) {
  if (!LARGE) return;
  const int n_outer = w.q.n - TILE_BITS;
  team_sync();
  for (int skip = w.t; skip <= n_outer; skip += TEAM) {
    Real re = 1, im = 0;
    for (int k = 0; k < n_outer; k++) if (k != skip) grow(w.vectors() + 4 * w.q.wires[TILE_BITS + k] + 2 * (w.tile >> k & 1), &re, &im);
    w.outside()[skip] = {re, im};
  }
  team_sync();
}
// Product over the register wires, for each register pattern.
DEVICE void register_products(const Team& w, Real* re, Real* im) {
  re[0] = 1; im[0] = 0;
#pragma unroll
  for (int k = 0; k < K; k++) {
    const Real* v = w.vectors() + 4 * w.q.wires[k];
#pragma unroll
    for (int a = 0; a < A / 2; a++) if (a < 1 << k) { const Real x = re[a], y = im[a]; re[a] = x * v[0] - y * v[1]; im[a] = x * v[1] + y * v[0]; re[a | 1 << k] = x * v[2] - y * v[3]; im[a | 1 << k] = x * v[3] + y * v[2]; }
  }
}
// Product over the thread wires but one (skip < 0: all), from the given factor.
DEVICE void thread_product(const Team& w, int skip, Real* re, Real* im) {
  for (int k = 0; k < LT; k++) if (k != skip) grow(w.vectors() + 4 * w.q.wires[K + k] + 2 * (w.t >> k & 1), re, im);
}
DEVICE void whole_factor(const Team& w, Real* re, Real* im) {
  *re = 1; *im = 0; if (LARGE) { const V2 z = w.outside()[w.q.n - TILE_BITS]; *re = z.x; *im = z.y; }
}
DEVICE void product_state(Team& w, Real* re, Real* im) {
  Real c, s; whole_factor(w, &c, &s); thread_product(w, -1, &c, &s); register_products(w, re, im);
#pragma unroll
  for (int a = 0; a < A; a++) multiply(re + a, im + a, c, s);
}

// From the bra in wire coordinates: adds Im<bra|X, Y, Z|product state> of each wire, by warp, to wire_sums. Destroys the bra.
DEVICE void add_wire(Team& w, int wire, Real x, Real y, Real z) {
  const int part = w.part();
  four_sums<LANE_BITS>(x, y, z, (Real)0, w.lane(), [&](int i, Real sum) { if (i < 3) w.wire_sums()[(3 * wire + i) * WARPS + part] += sum; });
}
DEVICE void add_scalar_wire(Team& w, int wire, int bit, Real c, Real s, Real sr, Real si) {   // <bra| = conj(s), all wires but this: c
  const Real* v = w.vectors() + 4 * wire; Real o0 = c, o1 = s, m0 = c, m1 = s;
  grow(v + 2 - 2 * bit, &o0, &o1); grow(v + 2 * bit, &m0, &m1);
  const Real re = sr * o0 - si * o1, im = sr * o1 + si * o0, iz = sr * m1 + si * m0;
  add_wire(w, wire, im, bit ? re : -re, bit ? -iz : iz);
}
DEVICE void wire_slopes(Team& w, Real* u, Real* v) {
  Real fr[A], fi[A], oc, os, tc = 1, ts = 0, sr = 0, si = 0;
  register_products(w, fr, fi); whole_factor(w, &oc, &os); thread_product(w, -1, &tc, &ts);
  Real c = oc, s = os; multiply(&c, &s, tc, ts);
#pragma unroll
  for (int a = 0; a < A; a++) { sr += u[a] * fr[a] + v[a] * fi[a]; si += u[a] * fi[a] - v[a] * fr[a]; multiply(u + a, v + a, c, -s); }
#pragma unroll
  for (int k = 0; k < K; k++) {
    Real x = 0, y = 0, z = 0;
#pragma unroll
    for (int a = 0; a < A; a++) {
      const int b = a ^ 1 << k; const Real cross = u[a] * fr[b] + v[a] * fi[b], own = u[a] * fi[a] - v[a] * fr[a];
      x += u[a] * fi[b]; x -= v[a] * fr[b];
      if (a >> k & 1) { y += cross; z -= own; } else { y -= cross; z += own; }
    }
    add_wire(w, w.q.wires[k], x, y, z);
  }
#pragma unroll 1
  for (int k = 0; k < LT; k++) { Real c0 = oc, s0 = os; thread_product(w, k, &c0, &s0); add_scalar_wire(w, w.q.wires[K + k], w.t >> k & 1, c0, s0, sr, si); }
  if (LARGE)
#pragma unroll 1
    for (int k = 0; k < w.q.n - TILE_BITS; k++) {
      Real c0 = w.outside()[k].x, s0 = w.outside()[k].y; multiply(&c0, &s0, tc, ts);
      add_scalar_wire(w, w.q.wires[TILE_BITS + k], w.tile >> k & 1, c0, s0, sr, si);
    }
}
// One thread a wire walks its turns backwards; the Bloch vector of the slope, in wire_sums, turns along.
DEVICE void walk_wires(Team& w) {
#pragma unroll 1
  for (int q = w.t; q < w.q.n; q += TEAM) {
    Real* at = w.wire_sums() + 3 * q * WARPS;               // in shared memory, because the axis is data
    for (int i = 0; i < 3; i++) for (int k = 1; k < WARPS; k++) at[i * WARPS] += at[i * WARPS + k];
    for (int g = w.q.prefix[q + 1] - 1; g >= w.q.prefix[q]; g--) {
      const Turn& turn = w.q.turns[g]; const int axis = turn.axis, i = axis == 2 ? 0 : axis + 1, j = axis == 0 ? 2 : axis - 1;
      const Real value = at[axis * WARPS];
      if (turn.kind == ROW) w.local_sums()[turn.local * WARPS] += value * (Real)turn.coefficient; else w.prefix_sums(w.team())[turn.local] += value;
      const Real c = w.local(g).x, s = w.local(g).y, c2 = c * c - s * s, s2 = 2 * c * s, p0 = at[i * WARPS], p1 = at[j * WARPS];
      at[i * WARPS] = c2 * p0 + s2 * p1; at[j * WARPS] = c2 * p1 - s2 * p0;
    }
  }
}
