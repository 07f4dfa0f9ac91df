"""The samplers of CompVis' Stable Diffusion scripts, computed as those scripts compute them.

`diffusion.samplers` walks sigmas as k-diffusion does. The original scripts walk a table of whole timesteps,
on states that keep unit variance, and take all their noise from one stream; their pictures come out again
only that way. `schedule` has the timesteps, `samplers` and `dpm_solver` the update rules, `run` a whole run.
"""
