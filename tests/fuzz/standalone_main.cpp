// Runs a libFuzzer target without libFuzzer: with every file of a corpus unchanged, then with mutations of
// it, which are the same in each run. `TARGET CORPUS [MUTATIONS A FILE]`

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using bytes = std::vector<std::uint8_t>;

bytes contents(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// In a fixed order: the directory's own differs between machines.
std::vector<bytes> corpus_of(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{directory})
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<bytes> corpus;
  for (const auto& file : files) corpus.push_back(contents(file));
  return corpus;
}

class mutator {
 public:
  explicit mutator(const std::vector<bytes>& corpus) : corpus_{corpus} {}

  bytes mutate(bytes input) {
    for (std::size_t times = 1 + below(4); times != 0; --times) change(input);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change(bytes& input) {
    const auto at = static_cast<std::ptrdiff_t>(below(input.size() + 1));
    const auto some =
        std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(below(32)), std::ssize(input) - at);
    switch (below(6)) {
      case 0:  // a bit flips
        if (at < std::ssize(input))
          input[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1u << below(8));
        break;
      case 1:  // a byte with a special meaning
        if (at < std::ssize(input)) {
          constexpr char meaningful[] = "\"\\{}[]:,#%&=?@/ \0\x80\xff\xef";
          input[static_cast<std::size_t>(at)] =
              static_cast<std::uint8_t>(meaningful[below(sizeof meaningful - 1)]);
        }
        break;
      case 2:
        input.erase(input.begin() + at, input.begin() + at + some);
        break;
      case 3: {  // a piece comes twice
        const bytes piece(input.begin() + at, input.begin() + at + some);
        input.insert(input.begin() + at, piece.begin(), piece.end());
        break;
      }
      case 4:
        input.resize(static_cast<std::size_t>(at));
        break;
      case 5: {  // continues as another input
        const bytes& other = corpus_[below(corpus_.size())];
        const auto from = static_cast<std::ptrdiff_t>(below(other.size() + 1));
        input.resize(static_cast<std::size_t>(at));
        input.insert(input.end(), other.begin() + from, other.end());
        break;
      }
    }
  }

  const std::vector<bytes>& corpus_;
  std::mt19937_64 random_{20260408};
};

const bytes* tried = nullptr;

/// Saves the input that broke the target.
void keep_finding(int) {
  if (std::FILE* const file = std::fopen("finding", "wb")) {
    std::fwrite(tried->data(), 1, tried->size(), file);
    std::fclose(file);
    std::fprintf(stderr, "the input stands in ./finding\n");
  }
}

void try_out(const bytes& input) {
  tried = &input;
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s CORPUS [MUTATIONS A FILE]\n", argv[0]), 2;
  const auto corpus = corpus_of(argv[1]);
  if (corpus.empty()) return std::fprintf(stderr, "%s: no files\n", argv[1]), 2;
  const long mutations = argc > 2 ? std::strtol(argv[2], nullptr, 10) : 2000;
  mutator random{corpus};
  std::signal(SIGABRT, keep_finding);
  for (const auto& seed : corpus) {
    try_out(seed);
    for (long i = 0; i < mutations; ++i) try_out(random.mutate(seed));
  }
  std::printf("%zu seeds, %ld mutations each: nothing broke\n", corpus.size(), mutations);
}
