// Exceptions, threads and OpenMP: what the cc base is for.
#include <atomic>
#include <cstdio>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

int main() {
  std::atomic<int> count{0};
  std::vector<std::thread> threads;
  for (int at = 0; at < 4; at++) threads.emplace_back([&] { count++; });
  for (auto &thread : threads) thread.join();
  double pi = 0;
#pragma omp parallel for reduction(+ : pi)
  for (int at = 0; at < 100000; at++) pi += (at % 2 == 0 ? 4.0 : -4.0) / (2 * at + 1);
  try {
    throw std::runtime_error("thrown");
  } catch (const std::exception &error) {
    std::cout << "caught " << error.what() << ", " << count << " threads, pi ";
    std::cout.precision(3);
    std::cout << pi << std::endl;
  }
}
