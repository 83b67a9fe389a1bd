"""Rows of what the process has: the random numbers of `random` and of `numpy.random`, which have one state each, and the clocks of
`time`. Two calls never give the same, so that each of them has an effect."""

OUTSIDE = r"""
random_random()                                 float       random.random()                    effect
random_uniform(a, b)                            float       random.uniform({args})             effect
random_gauss(mu=0.0, sigma=1.0)                 float       random.gauss({args})               effect
random_normalvariate(mu=0.0, sigma=1.0)         float       random.normalvariate({args})       effect
random_betavariate(alpha, beta)                 float       random.betavariate({args})         raises effect
random_expovariate(lambd=1.0)                   float       random.expovariate({args})         raises effect
random_randint(a, b)                            int         random.randint({args})             raises effect
random_randrange(start, stop=None, step=1)      int         random.randrange({args})           raises effect
random_getrandbits(k)                           int         random.getrandbits({args})         raises effect
random_choice(seq)                              element     random.choice({args})              raises effect
random_sample(population, k)                    list element   random.sample({args})           raises effect
random_shuffle(x)                               none        random.shuffle({args})             mutates effect
random_seed(a=None)                             none        random.seed({args})                effect
numpy_random_random()                           float       numpy.random.random()              effect
numpy_random_rand()                             float       numpy.random.rand()                effect
numpy_random_randn()                            float       numpy.random.randn()               effect
numpy_random_uniform(low=0.0, high=1.0)         float       numpy.random.uniform({args})       raises effect
numpy_random_normal(loc=0.0, scale=1.0)         float       numpy.random.normal({args})        raises effect
numpy_random_randint(low, high=None)            int         numpy.random.randint({args})       raises effect
numpy_random_seed(seed=None)                    none        numpy.random.seed({args})          raises effect
time_time()                                     float       time.time()                        effect
time_time_ns()                                  int         time.time_ns()                     effect
time_perf_counter()                             float       time.perf_counter()                effect
time_perf_counter_ns()                          int         time.perf_counter_ns()             effect
time_monotonic()                                float       time.monotonic()                   effect
time_process_time()                             float       time.process_time()                effect
time_sleep(seconds)                             none        time.sleep({args})                 raises effect
"""
