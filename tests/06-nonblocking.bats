load harness
