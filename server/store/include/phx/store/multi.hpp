#pragma once

#include <any>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <phx/store/repo.hpp>

namespace phx::store {

/// What the steps so far have made, by name.
class MultiResults {
 public:
  /// Throws std::out_of_range for no such step, std::bad_any_cast for another type.
  template <class T>
  const T& get(const std::string& step) const {
    return std::any_cast<const T&>(values_.at(step));
  }
  bool contains(const std::string& step) const { return values_.contains(step); }

 private:
  friend class Multi;
  std::map<std::string, std::any> values_;
};

/// Which step failed and why; nothing is kept of the others.
struct MultiFailure {
  std::string step;
  std::any error;   ///< the Changeset<T>, or what the step's function returned
  ErrorMap errors;  ///< of the changeset
  MultiResults so_far;
};

/// Ecto's Multi: named steps in one transaction, all or nothing.
///
///   auto done = Multi()
///       .insert("user", User::changeset({}, params))
///       .insert<Profile>("profile", [](const MultiResults& so_far) { return Profile::changeset({.user_id = so_far.get<User>("user").id}, {}); })
///       .run("mail", [](Repo& tx, const MultiResults&) -> tl::expected<int, std::string> { return enqueue_mail(tx); })
///       .execute(repo);
///   if (!done) return done.error().errors;
class Multi {
 public:
  template <Record T>
  Multi& insert(std::string step, Changeset<T> changeset) {
    return insert<T>(std::move(step), [changeset = std::move(changeset)](const MultiResults&) { return changeset; });
  }
  template <Record T>
  Multi& insert(std::string step, std::function<Changeset<T>(const MultiResults&)> make) {
    return write<T>(std::move(step), std::move(make), [](Repo& tx, Changeset<T> c) { return tx.insert(std::move(c)); });
  }
  template <Record T>
  Multi& update(std::string step, Changeset<T> changeset) {
    return update<T>(std::move(step), [changeset = std::move(changeset)](const MultiResults&) { return changeset; });
  }
  template <Record T>
  Multi& update(std::string step, std::function<Changeset<T>(const MultiResults&)> make) {
    return write<T>(std::move(step), std::move(make), [](Repo& tx, Changeset<T> c) { return tx.update(std::move(c)); });
  }
  template <Record T>
  Multi& remove(std::string step, Changeset<T> changeset) {
    return write<T>(
        std::move(step), [changeset = std::move(changeset)](const MultiResults&) { return changeset; },
        [](Repo& tx, Changeset<T> c) { return tx.remove(std::move(c)); });
  }
  /// f(Repo& tx, const MultiResults& so_far): a tl::expected; its value is the result of the step, its error fails the whole.
  template <class F>
  Multi& run(std::string step, F f) {
    using R = std::invoke_result_t<F&, Repo&, const MultiResults&>;
    static_assert(detail::is_expected<R>, "a step returns a tl::expected");
    return add(std::move(step), [f = std::move(f)](Repo& tx, MultiResults& results, MultiFailure& failure) mutable {
      R outcome = f(tx, results);
      if (!outcome)
        failure.error = std::move(outcome.error());
      else if constexpr (!std::is_void_v<typename R::value_type>)
        results.values_[failure.step] = std::move(*outcome);
      return outcome.has_value();
    });
  }

  tl::expected<MultiResults, MultiFailure> execute(Repo& repo) {
    MultiFailure failure;
    MultiResults results;
    auto done = repo.transaction([&](Repo& tx) -> tl::expected<bool, bool> {
      for (auto& [name, step] : steps_) {
        failure.step = name;
        if (!step(tx, results, failure)) return tl::unexpected(false);
      }
      return true;
    });
    if (done) return results;
    failure.so_far = std::move(results);
    return tl::unexpected(std::move(failure));
  }

 private:
  using Step = std::function<bool(Repo&, MultiResults&, MultiFailure&)>;

  Multi& add(std::string name, Step step) {
    for (const auto& [taken, _] : steps_)
      if (taken == name) throw std::invalid_argument("Multi: two steps are called \"" + name + "\"");
    steps_.emplace_back(std::move(name), std::move(step));
    return *this;
  }
  template <class T, class Make, class Write>
  Multi& write(std::string step, Make make, Write write) {
    return add(std::move(step), [make = std::move(make), write](Repo& tx, MultiResults& results, MultiFailure& failure) {
      Saved<T> saved = write(tx, make(results));
      if (saved) {
        results.values_[failure.step] = std::move(*saved);
      } else {
        failure.errors = saved.error().errors();
        failure.error = std::move(saved.error());
      }
      return saved.has_value();
    });
  }
  std::vector<std::pair<std::string, Step>> steps_;
};

}  // namespace phx::store
