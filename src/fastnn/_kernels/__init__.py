"""The compiled floor: kernels, threads and the plan executor. It knows arrays and nothing of layers."""
