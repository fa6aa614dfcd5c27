#include "data/fetch.h"

#include <cstring>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "data/test_folder.h"

namespace pare::data {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

/// A server on the loopback address that gives each connection one fixed answer and closes it.
class OneAnswerServer {
 public:
  enum class After { kClose, kStall };

  explicit OneAnswerServer(std::string answer, After after = After::kClose)
      : answer_(std::move(answer)), after_(after), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* plain = reinterpret_cast<sockaddr*>(&address);
    is_open_ = socket_ >= 0 && ::bind(socket_, plain, size) == 0 && ::listen(socket_, 4) == 0 &&
               ::getsockname(socket_, plain, &size) == 0;
    port_ = ntohs(address.sin_port);
    if (is_open_) thread_ = std::thread([this] { serve(); });
  }
  OneAnswerServer(const OneAnswerServer&) = delete;
  OneAnswerServer& operator=(const OneAnswerServer&) = delete;
  ~OneAnswerServer() {
    ::shutdown(socket_, SHUT_RDWR);  // wakes accept
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }

  bool is_open() const { return is_open_; }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/x.bin", port_); }

 private:
  void serve() {
    while (true) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      std::string request;
      char buffer[1024];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t count = ::recv(client, buffer, sizeof(buffer), 0);
        if (count <= 0) break;
        request.append(buffer, static_cast<std::size_t>(count));
      }
      ::send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      // A stalled server is one whose client has to hang up.
      if (after_ == After::kStall) ::recv(client, buffer, 1, 0);
      ::close(client);
    }
  }

  std::string answer_;
  After after_;
  int socket_;
  int port_ = 0;
  bool is_open_ = false;
  std::thread thread_;
};

const std::string kBody = "the contents of a file";

std::string answer(const std::string& body, std::size_t claimed) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                     claimed, body);
}

class Fetch : public FolderTest {
 protected:
  Download from(const std::string& url) const {
    return {.url = url,
            .target = path("sub/x.bin"),
            .sha256 = sha256_hex(kBody),
            .bytes = static_cast<std::int64_t>(kBody.size())};
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
      if (entry.is_regular_file()) names.push_back(entry.path().filename().string());
    }
    return names;
  }

  void expect_refused(const Download& file, const std::vector<std::string>& parts) const {
    for (const std::string& part : parts) {
      EXPECT_THAT([&] { download(file); }, ThrowsMessage<InputError>(HasSubstr(part)));
    }
    EXPECT_THAT(files(), IsEmpty());
  }
};

TEST_F(Fetch, GoodFilesArrive) {
  const OneAnswerServer server(answer(kBody, kBody.size()));
  ASSERT_TRUE(server.is_open());
  std::int64_t last = -1;
  download(from(server.url()), [&](const Progress& progress) {
    EXPECT_EQ(progress.total, static_cast<std::int64_t>(kBody.size()));
    last = progress.done;
  });
  EXPECT_EQ(read_text(path("sub/x.bin")), kBody);
  EXPECT_THAT(files(), testing::ElementsAre("x.bin"));
  EXPECT_EQ(last, static_cast<std::int64_t>(kBody.size()));
}

TEST_F(Fetch, AWrongHashNamesBoth) {
  const std::string other = "the contents of a fiLe";
  const OneAnswerServer server(answer(other, other.size()));
  expect_refused(from(server.url()), {sha256_hex(other), sha256_hex(kBody), server.url()});
}

TEST_F(Fetch, ACutConnectionNamesTheBytes) {
  const OneAnswerServer server(answer(kBody.substr(0, 9), kBody.size()));
  expect_refused(from(server.url()), {"9 of 22 bytes received", server.url()});
}

TEST_F(Fetch, ACutWithoutALengthIsSeenToo) {
  const OneAnswerServer server("HTTP/1.0 200 OK\r\n\r\n" + kBody.substr(0, 5));
  expect_refused(from(server.url()), {"5 of 22 bytes received"});
}

TEST_F(Fetch, MoreThanExpectedIsNotTaken) {
  const OneAnswerServer server(answer(kBody + "!", kBody.size() + 1));
  expect_refused(from(server.url()), {"more than the 22 bytes"});
}

TEST_F(Fetch, AnErrorOfTheServer) {
  const OneAnswerServer server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  expect_refused(from(server.url()), {"answers 404", server.url()});
}

TEST_F(Fetch, AStalledConnectionIsGivenUp) {
  const OneAnswerServer server(answer(kBody.substr(0, 9), kBody.size()),
                               OneAnswerServer::After::kStall);
  Download file = from(server.url());
  file.stall_seconds = 1;
  expect_refused(file, {"9 of 22 bytes received"});
}

TEST_F(Fetch, NobodyListens) {
  std::string url;
  {
    const OneAnswerServer server("");
    url = server.url();
  }
  expect_refused(from(url), {"0 of 22 bytes received"});
}

TEST_F(Fetch, OtherSchemesAreRefusedAlsoBehindARedirection) {
  write_file_atomic(path("secret"), kBody);
  const std::string local = "file://" + path("secret");
  EXPECT_THAT([&] { download(from(local)); }, ThrowsMessage<InputError>(HasSubstr("http://")));
  const OneAnswerServer server(
      fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", local));
  EXPECT_THROW(download(from(server.url())), InputError);
  EXPECT_THAT(files(), testing::ElementsAre("secret"));
}

TEST_F(Fetch, AFileThatIsThereStaysWhenAFetchFails) {
  std::filesystem::create_directories(path("sub"));
  write_file_atomic(path("sub/x.bin"), "old");
  const OneAnswerServer server(answer(kBody.substr(0, 9), kBody.size()));
  EXPECT_THROW(download(from(server.url())), InputError);
  EXPECT_EQ(read_text(path("sub/x.bin")), "old");
}

TEST_F(Fetch, AFolderThatCannotBeMade) {
  write_file_atomic(path("sub"), "a file in the place of the folder");
  EXPECT_THAT([&] { download(from("http://127.0.0.1:9/x.bin")); },
              ThrowsMessage<InputError>(AllOf(HasSubstr("sub/x.bin"), HasSubstr("PARE_DATA"))));
}

TEST_F(Fetch, ASetIsFetchedOnce) {
  const ScopedEnvironment environment("PARE_DATA", path("data"));
  const OneAnswerServer server(answer(kBody, kBody.size()));
  CatalogueSet set;
  set.name = "test-set";
  set.files = {{.path = "test-set/x.bin",
                .url = server.url(),
                .sha256 = sha256_hex(kBody),
                .bytes = static_cast<std::int64_t>(kBody.size())}};
  EXPECT_FALSE(fetch_set(set, path("data")).at(0).was_there);
  EXPECT_EQ(read_text(path("data/test-set/x.bin")), kBody);
  EXPECT_TRUE(fetch_set(set, path("data")).at(0).was_there);

  write_file_atomic(path("data/test-set/x.bin"), "tampered");
  EXPECT_THAT(
      [&] { fetch_set(set, path("data")); },
      ThrowsMessage<InputError>(AllOf(HasSubstr(sha256_hex("tampered")), HasSubstr("remove it"))));

  set.files[0].path = "test-set/other.bin";
  set.files[0].url = "";
  EXPECT_THAT([&] { fetch_set(set, path("data")); },
              ThrowsMessage<InputError>(HasSubstr("no public address")));
}

}  // namespace
}  // namespace pare::data
