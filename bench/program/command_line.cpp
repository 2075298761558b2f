// The command line through CLI11. Each function here is one call of CLI11; its error messages become InvalidArgument.
#include "bench/program/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "reference/tensor.h"

namespace assay::bench {

Option& Option::type_name(const std::string& shown_in_help) {
  made_->type_name(shown_in_help);
  return *this;
}

Option& Option::required() {
  made_->required();
  return *this;
}

Option& Option::show_default() {
  made_->capture_default_str();
  return *this;
}

Option& Option::one_word_each() {
  made_->allow_extra_args(false);
  return *this;
}

Option& Option::split_at(char separator) {
  made_->delimiter(separator);
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  made_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::in_range(int low, int high) {
  made_->check(CLI::Range(low, high));
  return *this;
}

Option& Option::not_empty() {
  return check([](const std::string& text) { return text.empty() ? "an empty name was given" : ""; });
}

Option& Option::in_seconds() {
  const std::map<std::string, double> units = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  made_->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::DEFAULT, "TIME"));
  return *this;
}

Option& Option::check(std::function<std::string(const std::string&)> problem_with) {
  made_->check(CLI::Validator([problem_with](std::string& text) { return problem_with(text); }, "", ""));
  return *this;
}

Option Verb::add_option(const std::string& names, std::string& variable, const std::string& meaning) {
  return Option(app_->add_option(names, variable, meaning));
}

Option Verb::add_option(const std::string& names, std::vector<std::string>& variable, const std::string& meaning) {
  return Option(app_->add_option(names, variable, meaning));
}

Option Verb::add_option(const std::string& names, int& variable, const std::string& meaning) {
  return Option(app_->add_option(names, variable, meaning));
}

Option Verb::add_option(const std::string& names, std::int64_t& variable, const std::string& meaning) {
  return Option(app_->add_option(names, variable, meaning));
}

Option Verb::add_option(const std::string& names, std::uint64_t& variable, const std::string& meaning) {
  return Option(app_->add_option(names, variable, meaning));
}

Option Verb::add_option(const std::string& names, double& variable, const std::string& meaning) {
  return Option(app_->add_option(names, variable, meaning));
}

Option Verb::add_option(const std::string& names, std::function<void(const std::string&)> use,
                        const std::string& meaning) {
  return Option(app_->add_option_function<std::string>(names, use, meaning));
}

void Verb::add_flag(const std::string& names, bool& variable, const std::string& meaning) {
  app_->add_flag(names, variable, meaning);
}

void Verb::remove_option(const std::string& name) { app_->remove_option(app_->get_option(name)); }

void Verb::when_chosen(std::function<void()> use) { app_->callback(std::move(use)); }

CommandLine::CommandLine(const std::string& description, const std::string& program_name)
    : app_(std::make_unique<CLI::App>(description, program_name)) {
  app_->fallthrough();
}

CommandLine::~CommandLine() = default;

Verb CommandLine::program() { return Verb(app_.get()); }

void CommandLine::add_version_flag(const std::string& name, std::function<std::string()> text,
                                   const std::string& meaning) {
  app_->set_version_flag(name, std::move(text), meaning);
}

Verb CommandLine::add_verb(const std::string& name, const std::string& meaning) {
  app_->require_subcommand(1);
  return Verb(app_->add_subcommand(name, meaning));
}

std::vector<std::string> CommandLine::verbs() const {
  std::vector<std::string> names;
  for (const CLI::App* verb : std::as_const(*app_).get_subcommands({})) names.push_back(verb->get_name());
  return names;
}

std::optional<std::string> CommandLine::parse(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the end
  try {
    app_->parse(std::move(arguments));
    return std::nullopt;
  } catch (const CLI::ParseError& problem) {
    if (problem.get_exit_code() != 0) throw InvalidArgument(problem.what());
    std::ostringstream text;
    app_->exit(problem, text, text);
    return text.str();
  }
}

}  // namespace assay::bench
