// The kernel forms, as the emitters of this folder expect them from FormKernels and Pack. A kernel of another shape is
// not an error: its operations are emitted one by one in their general form, right and slow.
//
// product {gates = G}
//   One `contract` of two reads with reduced dimensions, then views and maps: its epilogue.
//
//     %p = rondo.pack %w gates G : tensor<NxK> -> tensor<PxKx16>        (outside: computed when the model is opened)
//     kernel "product" {gates = G} {
//       %acc = contract (row dims.., column dims.. | reduced dims..)
//                %p[panel, key, lane] * %x[affine in row and reduced dims and lets]
//       %g1  = contract (rows.., j) %acc[rows.., j + 1 * N/G]               views of the gates, when G > 1
//       %h.. = map (rows.., j) %acc or views and other values, read at [rows.., j], [j] or [rows..] { .. }
//       yield ..
//     }
//
//   Which panel element is read does not matter to the emitter, only to the meaning; it must be the one that `pack` put
//   there for column n of the flattened column dims and key k of the flattened reduced dims, in the order of the dims:
//   gate g = n floordiv (N/G), unit = n mod (N/G): panel (unit floordiv 16) * G + g, lane unit mod 16. With G = 1:
//   [n floordiv 16, k, n mod 16]. The weights of `pack` are rows of N = product of the column dims by K = product of
//   the reduced dims; a weight of another shape, say [H, D, E], is flattened by a view before the pack:
//   contract (n, k) %W[n floordiv D, n mod D, k].
//   With two column dims the inner one is a multiple of 16. Row dims: b alone, or b and one sequence axis. Maps of the
//   epilogue have the row dims and one column dim of N/G, or the row dims and both column dims; they may read results
//   of earlier maps of the kernel at their own index. No read of %x may be out of range (a shifted %x is no product).
//
// rows {}
//   Operations whose results share their first dims (b, or b and one sequence axis) and which read each other only at
//   their own row. They are emitted one after another for each row.
//
// scan {}
//   One `scan`. Its body holds kernels again.
//
// fold {}
//   One `fold` over the sequence axis of its keys.
#pragma once
