// The JSON API beside the socket: futures, a callback, errors by field.   example_rest http://127.0.0.1:4000/api/v1 TOKEN
#include <phx/client.hpp>
#include <phx/core/json.hpp>

#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: example_rest URL TOKEN\n", 2;
  phx::RestClient api(argv[1], {.bearer = std::optional<std::string>(argv[2])});

  const phx::RestResult refused = api.post("/notes", phx::obj("text", "")).future().get();
  if (!refused) return std::cerr << refused.error().message << '\n', 3;  // no answer: who, where, why
  if (const auto error = refused->error()) std::cout << error->status << " text " << error->field("text") << '\n';

  const phx::RestResult made = api.post("/notes", phx::obj("text", "buy milk")).future().get();
  if (!made || !made->ok()) return 1;
  std::cout << made->status << ' ' << made->header("location") << '\n';

  std::promise<void> done;
  api.get("/notes/1").then([&](const phx::RestResult& note) {  // on the callback thread
    if (note) std::cout << note->body << '\n';
    done.set_value();
  });
  done.get_future().wait();
}
