#include "actors/cluster_pki.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "actors/checked_files.hpp"
#include "actors/cluster_authority.hpp"
#include "storage/file_set.hpp"
#include "transports/jwt.hpp"

using namespace pusher;
namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 0777;
}

struct fixture {
  fixture() {
    char name[] = "/tmp/pusher-pki-XXXXXX";
    directory = mkdtemp(name);
  }
  ~fixture() { fs::remove_all(directory); }

  std::string in(const std::string& name) const { return directory + "/" + name; }

  void openssl(const std::string& arguments) const {
    auto command = "cd " + directory + " && openssl " + arguments + " >/dev/null 2>openssl.log";
    auto code = std::system(command.c_str());
    INFO(arguments << ": " << text_of(in("openssl.log")));
    REQUIRE(code == 0);
  }

  /// An authority in NAME.pem and NAME.key, by openssl alone.
  void authority(const std::string& name, const std::string& more = "-days 30") const {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " +
            name + ".key -out " + name + ".pem " + more);
  }

  /// A certificate in NAME.pem and NAME.key, with one line of extensions.
  void leaf(const std::string& name, const std::string& ca,
            const std::string& extension = "extendedKeyUsage=serverAuth,clientAuth",
            const std::string& dates = "-days 10",
            const std::string& kind = "ec -pkeyopt ec_paramgen_curve:P-256") const {
    openssl("req -newkey " + kind + " -nodes -subj /CN=" + name + " -keyout " + name + ".key -out " + name +
            ".csr");
    std::ofstream(in(name + ".ext")) << extension << "\n";
    openssl("x509 -req -in " + name + ".csr -CA " + ca + ".pem -CAkey " + ca + ".key -extfile " + name +
            ".ext -out " + name + ".pem " + dates);
    chmod(in(name + ".key").c_str(), 0600);
  }

  cluster_files files(const std::string& name, const std::string& ca = "ca") const {
    return {in(name + ".pem"), in(name + ".key"), in(ca + ".pem")};
  }

  /// The sentence of the refusal.
  static std::string refusal(const cluster_files& what) {
    auto checked = check_cluster_files(what);
    if (checked) return "taken";
    CHECK(checked.failure().code == errc::invalid_configuration);
    return checked.failure().detail;
  }

  std::string directory;
};

bool says(const std::string& sentence, const std::string& setting, const std::string& part) {
  INFO(sentence);
  CHECK(sentence.find(setting) == 0);
  CHECK(sentence.find(part) != std::string::npos);
  return sentence.find(setting) == 0 && sentence.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "files that openssl made are taken: EC, RSA, and an authority among several") {
  authority("ca");
  authority("other");
  leaf("node", "ca");
  leaf("rsa", "ca", "extendedKeyUsage=serverAuth,clientAuth", "-days 10", "rsa:2048");
  leaf("any", "ca", "basicConstraints=CA:FALSE");
  CHECK(check_cluster_files(files("node")));
  CHECK(check_cluster_files(files("rsa")));
  CHECK(check_cluster_files(files("any")));
  std::ofstream(in("both.pem")) << text_of(in("other.pem")) << text_of(in("ca.pem"));
  CHECK(check_cluster_files(files("node", "both")));
  auto read = read_cluster_files(files("node"));
  REQUIRE(read);
  CHECK(read->subject == "CN=node");
  CHECK(read->certificate_ends_at > now_ms() + 9 * 86'400'000LL);
  CHECK(read->ca_ends_at > now_ms() + 29 * 86'400'000LL);
  CHECK(*certificate_ends_at(in("node.pem")) == read->certificate_ends_at);
}

TEST_CASE_FIXTURE(fixture, "what does not fit together is refused by what is wrong with it") {
  authority("ca");
  authority("other");
  leaf("node", "ca");
  leaf("second", "ca");
  says(refusal(files("node", "other")), "cluster.certificate", "was not issued by the authority");
  says(refusal({in("node.pem"), in("second.key"), in("ca.pem")}), "cluster.key",
       "does not belong to the certificate");
  leaf("server", "ca", "extendedKeyUsage=serverAuth");
  leaf("client", "ca", "extendedKeyUsage=clientAuth");
  says(refusal(files("server")), "cluster.certificate", "is not for servers and clients");
  says(refusal(files("client")), "cluster.certificate", "is not for servers and clients");
  openssl("pkey -in node.key -aes256 -passout pass:hush -out locked.key");
  chmod(in("locked.key").c_str(), 0600);
  says(refusal({in("node.pem"), in("locked.key"), in("ca.pem")}), "cluster.key", "without a pass phrase");
  leaf("weak", "ca", "basicConstraints=CA:FALSE", "-days 10", "rsa:1024");
  CHECK(refusal(files("weak")) != "taken");
}

TEST_CASE_FIXTURE(fixture, "what has expired or is not valid yet is refused, and says so") {
  authority("ca");
  leaf("old", "ca", "basicConstraints=CA:FALSE", "-days -1");
  says(refusal(files("old")), "cluster.certificate", "expired on");
  authority("past");
  openssl("req -new -key past.key -subj /CN=past -out past.csr");
  std::ofstream(in("past.ext")) << "basicConstraints=critical,CA:TRUE\n";
  openssl("x509 -req -in past.csr -signkey past.key -extfile past.ext -days -1 -out past.pem");
  leaf("orphan", "past");
  says(refusal(files("orphan", "past")), "cluster.ca", "expired on");
  auto year = 1970 + now_ms() / 31'556'952'000LL;
  std::ofstream(in("index.txt"));
  openssl(
      "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=early -keyout early.key -out "
      "early.csr");
  std::ofstream(in("ca.cnf"))
      << "[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\nnew_certs_dir=.\ndefault_md=sha256\n"
         "rand_serial=yes\npolicy=p\n[p]\ncommonName=supplied\n";
  openssl(
      "ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in early.csr -out early.pem -notext "
      "-startdate " +
      std::to_string(year + 2) + "0101000000Z -enddate " + std::to_string(year + 3) + "0101000000Z");
  chmod(in("early.key").c_str(), 0600);
  says(refusal(files("early")), "cluster.certificate", "check this machine's clock");
}

TEST_CASE_FIXTURE(fixture, "what is no readable file of PEM is refused by its setting and path") {
  authority("ca");
  leaf("node", "ca");
  auto good = files("node");
  std::ofstream(in("empty"));
  std::ofstream(in("garbage")) << std::string(5000, '\xff') << "\n";
  std::ofstream(in("broken")) << text_of(in("node.pem"))
                              << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  std::ofstream(in("huge")) << text_of(in("node.pem")) << std::string(2'000'000, '\n');
  fs::create_directory(in("directory"));
  REQUIRE(mkfifo(in("pipe").c_str(), 0600) == 0);
  for (const char* name : {"empty", "garbage", "broken", "huge", "directory", "pipe", "missing"}) {
    auto path = in(name);
    if (fs::is_regular_file(path)) chmod(path.c_str(), 0600);
    CAPTURE(name);
    says(refusal({path, good.key, good.ca}), "cluster.certificate: ", path);
    says(refusal({good.certificate, good.key, path}), "cluster.ca: ", path);
    if (std::string(name) != "huge") says(refusal({good.certificate, path, good.ca}), "cluster.key: ", path);
  }
  says(refusal({good.certificate, "", good.ca}), "cluster.key", "it is not set");
  says(refusal({"", good.key, good.ca}), "cluster.certificate", "it is not set");
  for (mode_t open : {0640u, 0604u, 0660u, 0644u}) {
    chmod(good.key.c_str(), open);
    says(refusal(good), "cluster.key", "chmod it to 0600");
  }
  chmod(good.key.c_str(), 0400);
  CHECK(check_cluster_files(good));
}

TEST_CASE_FIXTURE(fixture, "an authority is made once, and its certificates satisfy openssl") {
  REQUIRE(init_ca(in("authority")));
  CHECK(mode_of(in("authority")) == 0700);
  CHECK(mode_of(in("authority/ca.key")) == 0600);
  auto key = text_of(in("authority/ca.key")), certificate = text_of(in("authority/ca.pem"));
  CHECK(init_ca(in("authority")).failure().code == errc::conflict);
  CHECK(text_of(in("authority/ca.key")) == key);
  auto issued = issue(in("authority"), "n1", in("out"), {"n1.example.com", "10.0.0.1", "::1"});
  REQUIRE(issued);
  CHECK(issued->files.certificate == fs::canonical(directory).string() + "/out/n1/certificate.pem");
  CHECK(mode_of(issued->files.key) == 0600);
  openssl(
      "verify -x509_strict -CAfile authority/ca.pem -purpose sslserver -verify_hostname n1.example.com "
      "out/n1/certificate.pem");
  openssl(
      "verify -x509_strict -CAfile authority/ca.pem -purpose sslclient -verify_ip 10.0.0.1 "
      "out/n1/certificate.pem");
  chmod(in("authority/ca.pem").c_str(), 0644);
  CHECK(issue(in("authority"), "n1", in("out"), {}));
  chmod(in("authority/ca.key").c_str(), 0644);
  CHECK(issue(in("authority"), "n1", in("out"), {}).failure().detail.find("0600") != std::string::npos);
  chmod(in("authority/ca.key").c_str(), 0600);
  // As a crash between the key and the certificate leaves it.
  fs::remove(in("authority/ca.pem"));
  REQUIRE(init_ca(in("authority")));
  CHECK(text_of(in("authority/ca.key")) == key);
  CHECK(text_of(in("authority/ca.pem")) != certificate);
  openssl("verify -CAfile authority/ca.pem out/n1/certificate.pem");
}

TEST_CASE_FIXTURE(fixture, "no name or host leads out of the directory or into another field") {
  REQUIRE(init_ca(in("authority")));
  for (const char* name : {"", "..", "a/b", ".hidden", "-rf", "a b", "a\nb", "\xc3\xa4"}) {
    CAPTURE(name);
    auto refused = issue(in("authority"), name, in("out"), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().code == errc::invalid_field);
  }
  for (const char* host : {"", "a,DNS:b", "a b", "*.example.com", "-x", "a..b", "a\n"}) {
    CAPTURE(host);
    auto refused = issue(in("authority"), "n", in("out"), {host});
    REQUIRE_FALSE(refused);
    CHECK(refused.failure().code == errc::invalid_field);
  }
  auto nowhere = issue(in("absent"), "n", in("out"), {});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.failure().detail.find("init-ca") != std::string::npos);
  std::ofstream(in("occupied"));
  CHECK_FALSE(issue(in("authority"), "n", in("occupied"), {}));
  fs::create_directories(in("out/n"));
  CHECK_FALSE(issue(in("authority"), "n", in("out"), {}));
}

TEST_CASE_FIXTURE(fixture, "whoever reads while a certificate is issued again finds a whole set") {
  REQUIRE(init_ca(in("authority")));
  auto first = issue(in("authority"), "n", in("out"), {});
  REQUIRE(first);
  std::thread issuer([&] {
    for (int i = 0; i < 50; ++i)
      CHECK(issue(in("authority"), "n", in("out"), {}));
  });
  // A reader in the middle of it holds on to one directory.
  for (int i = 0; i < 200; ++i) {
    auto at = first->directory + "/../" + fs::read_symlink(first->directory).string();
    auto read = read_cluster_files(cluster_files_in(at));
    // Two issues later it may be gone, but never half.
    if (!read) CHECK(read.failure().detail.find("No such file") != std::string::npos);
  }
  issuer.join();
  CHECK(check_cluster_files(first->files));
  size_t versions = 0;
  for (const auto& entry : fs::directory_iterator(in("out")))
    versions += entry.is_directory() && !entry.is_symlink();
  CHECK(versions == 2);
}

TEST_CASE_FIXTURE(fixture, "a node's own authority is made, kept, and mended after a crash anywhere") {
  auto made = ensure_local_pki(in("data"));
  REQUIRE(made);
  CHECK(check_cluster_files(*made));
  CHECK(mode_of(in("data/cluster")) == 0700);
  CHECK(mode_of(in("data/cluster/ca/ca.key")) == 0600);
  openssl(
      "verify -CAfile data/cluster/ca/ca.pem -verify_hostname localhost data/cluster/node/certificate.pem");
  auto certificate = text_of(made->certificate), key = text_of(in("data/cluster/ca/ca.key"));
  REQUIRE(ensure_local_pki(in("data")));
  CHECK(text_of(made->certificate) == certificate);
  CHECK(local_cluster_files(fs::canonical(in("data"))).key == made->key);

  // Each step undone as if the crash had come before it.
  for (const char* missing : {"ca/ca.pem", "node", "node/key.pem", "node/certificate.pem"}) {
    fs::remove(in("data/cluster/") + missing);
    std::ofstream(in("data/cluster/ca/ca.pem.new")) << "half";
    std::ofstream(in("data/cluster/ca/ca.key.new")) << "half";
    fs::create_directories(in("data/cluster/.node-0123456789abcdef"));
    std::error_code none;
    fs::create_symlink("nowhere", in("data/cluster/.node.link"), none);
    CAPTURE(missing);
    REQUIRE(ensure_local_pki(in("data")));
    CHECK(check_cluster_files(*made));
    CHECK(text_of(in("data/cluster/ca/ca.key")) == key);
  }
  fs::remove_all(in("data/cluster/ca"));
  REQUIRE(ensure_local_pki(in("data")));
  openssl("verify -CAfile data/cluster/ca/ca.pem data/cluster/node/certificate.pem");
}

TEST_CASE_FIXTURE(fixture, "a certificate with less than 30 days left is renewed, and one with more is not") {
  auto own = ensure_local_pki(in("data"));
  REQUIRE(own);
  for (int days : {29, 31}) {
    fs::copy(in("data/cluster/ca/ca.pem"), in("ca.pem"), fs::copy_options::overwrite_existing);
    fs::copy(in("data/cluster/ca/ca.key"), in("ca.key"), fs::copy_options::overwrite_existing);
    leaf("node", "ca", "basicConstraints=CA:FALSE", "-days " + std::to_string(days));
    REQUIRE(write_whole_file(own->certificate, text_of(in("node.pem"))));
    REQUIRE(write_whole_file(own->key, text_of(in("node.key"))));
    REQUIRE(ensure_local_pki(in("data")));
    CHECK((text_of(own->certificate) == text_of(in("node.pem"))) == (days == 31));
    CHECK(check_cluster_files(*own));
  }
  // An authority of which too little is left gets another certificate; what it issued stays good.
  auto issued = text_of(own->certificate);
  openssl("req -x509 -key data/cluster/ca/ca.key -subj '" + std::string("/O=Pusher cluster/CN=authority ") +
          ec_key::parse(text_of(in("data/cluster/ca/ca.key")))->fingerprint().substr(0, 12) +
          "' -days 100 -out data/cluster/ca/ca.pem");
  REQUIRE(ensure_local_pki(in("data")));
  CHECK(*certificate_ends_at(in("data/cluster/ca/ca.pem")) > now_ms() + 3600 * 86'400'000LL);
  CHECK(text_of(own->certificate) == issued);
}

TEST_CASE_FIXTURE(fixture, "processes that begin at once agree on one authority") {
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    auto child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(ensure_local_pki(in("data")).ok() ? 0 : 1);
    children.push_back(child);
  }
  for (auto child : children) {
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WEXITSTATUS(status) == 0);
  }
  openssl("verify -CAfile data/cluster/ca/ca.pem data/cluster/node/certificate.pem");
}

TEST_CASE_FIXTURE(fixture, "what a running node uses stays whole, whatever becomes of the configured files") {
  REQUIRE(init_ca(in("authority")));
  auto issued = issue(in("authority"), "n", in("out"), {});
  REQUIRE(issued);
  fs::create_directory(in("data"));
  checked_files used(in("data"), issued->files);
  CHECK(used.certificate_ends_at() == 0);
  REQUIRE(*used.refresh());
  auto before = text_of(used.active().key);
  CHECK(before == text_of(issued->files.key));
  CHECK(mode_of(used.active().key) == 0600);
  CHECK(used.certificate_ends_at() == issued->ends_at);
  CHECK_FALSE(*used.refresh());

  auto stays = [&](const char* part) {
    auto refused = used.refresh();
    REQUIRE_FALSE(refused);
    INFO(refused.failure().detail);
    CHECK(refused.failure().detail.find(part) != std::string::npos);
    CHECK(text_of(used.active().key) == before);
    CHECK(check_cluster_files(used.active()));
  };
  chmod(issued->files.key.c_str(), 0644);
  stays("chmod it to 0600");
  REQUIRE(write_whole_file(issued->files.key, *ec_key::generate()->to_pem()));
  stays("does not belong to the certificate");
  REQUIRE(write_whole_file(issued->files.key, "half a k"));
  stays("without a pass phrase");
  fs::remove(issued->files.key);
  stays("No such file");
  fs::remove(issued->directory);
  stays("No such file");

  REQUIRE(issue(in("authority"), "n", in("out"), {}));
  REQUIRE(*used.prepare());
  REQUIRE(*used.prepare());
  CHECK(text_of(used.active().key) == before);
  REQUIRE(used.swap());
  CHECK(text_of(used.active().key) == text_of(issued->files.key));
  CHECK(text_of(used.active().key) != before);
  CHECK(check_cluster_files(used.active()));
  CHECK_FALSE(*used.refresh());
}

TEST_CASE_FIXTURE(fixture,
                  "what was prepared from files that were broken or put back meanwhile is not used") {
  REQUIRE(init_ca(in("authority")));
  auto issued = issue(in("authority"), "n", in("out"), {});
  REQUIRE(issued);
  fs::create_directory(in("data"));
  checked_files used(in("data"), issued->files);
  REQUIRE(used.refresh());
  auto first = text_of(used.active().key);
  auto at_first = fs::read_symlink(issued->directory);
  REQUIRE(issue(in("authority"), "n", in("out"), {}));
  REQUIRE(*used.prepare());
  fs::remove(issued->directory);
  fs::create_symlink(at_first, issued->directory);
  CHECK_FALSE(*used.prepare());
  REQUIRE(used.swap());
  CHECK(text_of(used.active().key) == first);
  // A restart begins anew; leftovers go with the next turn.
  checked_files again(in("data"), issued->files);
  REQUIRE(*again.refresh());
  CHECK(check_cluster_files(again.active()));
}

TEST_CASE_FIXTURE(fixture, "without configured files a node uses its own, and renews them by itself") {
  fs::create_directory(in("data"));
  checked_files used(in("data"), std::nullopt);
  REQUIRE(*used.refresh());
  CHECK(check_cluster_files(used.active()));
  auto before = text_of(used.active().key);
  fs::remove(in("data/cluster/node"));
  REQUIRE(*used.refresh());
  CHECK(text_of(used.active().key) != before);
  CHECK(check_cluster_files(used.active()));
}
