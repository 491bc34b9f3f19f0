#include <iostream>
#include <regex>
#include <string>
#include <vector>

#include "greeting.hpp"

int main() {
    std::vector<std::string> words{"distroless", "c++"};
    for (const auto& word : words) {
        if (std::regex_match(word, std::regex("[a-z+]+"))) std::cout << greeting(word) << '\n';
    }
}
