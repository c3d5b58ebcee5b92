#include "certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

#include <phx/core/base64.hpp>

namespace phx::test {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed to make a certificate");
}

Owned<EVP_PKEY> make_key() {
  Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

/// issuer null: self-signed.
Owned<X509> make_certificate(const CertificateOptions& options, bool is_authority, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  static std::atomic<long> serial = 1;
  Owned<X509> certificate(X509_new());
  require(certificate != nullptr);
  X509* c = certificate.get();
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
  X509_gmtime_adj(X509_getm_notBefore(c), 86'400L * options.from_days);
  X509_gmtime_adj(X509_getm_notAfter(c), 86'400L * options.until_days);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(options.name.c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c));
  X509_set_pubkey(c, key);
  add_extension(c, issuer ? issuer : c, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  add_extension(c, issuer ? issuer : c, NID_subject_key_identifier, "hash");  // strict verifiers (Python) want both
  if (issuer) add_extension(c, issuer, NID_authority_key_identifier, "keyid");
  if (!is_authority && !options.alt_names.empty()) add_extension(c, issuer ? issuer : c, NID_subject_alt_name, options.alt_names);
  require(X509_sign(c, issuer ? issuer_key : key, EVP_sha256()) > 0);
  return certificate;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Identity to_pem(X509* certificate, EVP_PKEY* key) {
  const Owned<BIO> cert_bio(BIO_new(BIO_s_mem())), key_bio(BIO_new(BIO_s_mem())), pubkey_bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(cert_bio.get(), certificate) == 1);
  require(PEM_write_bio_PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  require(i2d_PUBKEY_bio(pubkey_bio.get(), key) == 1);
  const std::string der = text_of(pubkey_bio.get());
  std::array<char, 32> digest{};
  require(EVP_Digest(der.data(), der.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_sha256(), nullptr) == 1);
  return {text_of(cert_bio.get()), text_of(key_bio.get()), "sha256/" + core::base64_encode({digest.data(), digest.size()})};
}

}  // namespace

struct Authority::Keys {
  Owned<EVP_PKEY> key = make_key();
  Owned<X509> certificate = make_certificate({.name = "test authority", .alt_names = {}}, true, key.get(), nullptr, nullptr);
};

Authority::Authority() : keys_(std::make_unique<Keys>()), identity_(to_pem(keys_->certificate.get(), keys_->key.get())) {}
Authority::~Authority() = default;

Identity Authority::issue(const CertificateOptions& options) const {
  const auto key = make_key();
  return to_pem(make_certificate(options, false, key.get(), keys_->certificate.get(), keys_->key.get()).get(), key.get());
}

Identity self_signed(const CertificateOptions& options) {
  const auto key = make_key();
  return to_pem(make_certificate(options, false, key.get(), nullptr, nullptr).get(), key.get());
}

PemFiles::PemFiles() {
  static std::atomic<int> next = 0;
  const auto name = "phxkit-pem-" + std::to_string(::getpid()) + "-" + std::to_string(next++);
  folder_ = (std::filesystem::temp_directory_path() / name).string();
  std::filesystem::create_directory(folder_);
}

PemFiles::~PemFiles() {
  std::error_code ignored;  // left-over files of a test harm nobody
  std::filesystem::remove_all(folder_, ignored);
}

std::string PemFiles::add(const std::string& text) {
  auto path = folder_ + "/" + std::to_string(count_++) + ".pem";
  std::ofstream(path) << text;
  return path;
}

}  // namespace phx::test
