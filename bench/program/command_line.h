// The command line as the verbs describe it: verbs, options and what is checked of their values. command_line.cpp alone
// includes CLI11, whose headers take five seconds to compile. Start with CommandLine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace assay::bench {

/// An option that was added. Each call adds a property or a check, and checks run in the order they were added.
class Option {
 public:
  explicit Option(CLI::Option* made) : made_(made) {}

  Option& type_name(const std::string& shown_in_help);
  Option& required();
  Option& show_default();
  /// Each occurrence of the option takes one word.
  Option& one_word_each();
  Option& split_at(char separator);
  Option& one_of(const std::vector<std::string>& words);
  Option& in_range(int low, int high);
  /// For names of files and the like: `--golden "$DIR"` with DIR unset must not mean the default.
  Option& not_empty();
  /// "90s", "500ms", "10m", "1h", or a number of seconds.
  Option& in_seconds();
  /// `problem_with` returns what is wrong with a value; empty if nothing.
  Option& check(std::function<std::string(const std::string&)> problem_with);

 private:
  CLI::Option* made_;
};

/// A verb, or the program itself. An option's variable keeps its value where the option is not given.
class Verb {
 public:
  explicit Verb(CLI::App* app) : app_(app) {}

  Option add_option(const std::string& names, std::string& variable, const std::string& meaning);
  Option add_option(const std::string& names, std::vector<std::string>& variable, const std::string& meaning);
  Option add_option(const std::string& names, int& variable, const std::string& meaning);
  Option add_option(const std::string& names, std::int64_t& variable, const std::string& meaning);
  Option add_option(const std::string& names, std::uint64_t& variable, const std::string& meaning);
  Option add_option(const std::string& names, double& variable, const std::string& meaning);
  /// `use` is called with the value as soon as it is parsed.
  Option add_option(const std::string& names, std::function<void(const std::string&)> use, const std::string& meaning);
  void add_flag(const std::string& names, bool& variable, const std::string& meaning);
  void remove_option(const std::string& name);
  /// Called when the command line names this verb and its options are parsed.
  void when_chosen(std::function<void()> use);

 private:
  CLI::App* app_;
};

class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& program_name);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// The options that come before the verb, or after it.
  Verb program();
  void add_version_flag(const std::string& name, std::function<std::string()> text, const std::string& meaning);
  /// After the first call a command line without a verb is a mistake.
  Verb add_verb(const std::string& name, const std::string& meaning);
  std::vector<std::string> verbs() const;

  /// Sets the variables, from the arguments after the program's name. Returns what --help or --version asked for.
  /// Throws InvalidArgument where the arguments are not what the options allow.
  std::optional<std::string> parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace assay::bench
