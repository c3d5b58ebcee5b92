#pragma once

#include <memory>
#include <string>

namespace phx::test {

/// A certificate and its key, as PEM; `pin` is "sha256/..." of the public key.
struct Identity {
  std::string cert, key, pin;
};

struct CertificateOptions {
  std::string name = "test";
  std::string alt_names = "DNS:localhost,IP:127.0.0.1,IP:::1";  ///< as OpenSSL writes them; empty: none
  int from_days = -1, until_days = 1;                           ///< from now
};

/// Signs certificates made up for one test.
class Authority {
 public:
  Authority();
  ~Authority();
  const Identity& identity() const noexcept { return identity_; }
  Identity issue(const CertificateOptions& options = {}) const;

 private:
  struct Keys;
  std::unique_ptr<Keys> keys_;
  Identity identity_;
};

Identity self_signed(const CertificateOptions& options = {});

/// A folder of files that goes away with this.
class PemFiles {
 public:
  PemFiles();
  ~PemFiles();
  PemFiles(const PemFiles&) = delete;
  PemFiles& operator=(const PemFiles&) = delete;
  /// Writes and returns the path.
  std::string add(const std::string& text);

 private:
  std::string folder_;
  int count_ = 0;
};

}  // namespace phx::test
