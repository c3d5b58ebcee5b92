#pragma once

// Phoenix's server words in namespace phx. A file that needs both ends includes single headers and writes phx::server::Channel.

#include <phx/core/json.hpp>
#include <phx/server/channel.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/observer.hpp>
#include <phx/server/presence.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/socket.hpp>
#include <phx/server/user_socket.hpp>

namespace phx {

using server::Assigns;
using server::Broadcast;
using server::Channel;
using server::ChannelRef;
using server::ChannelSocketHandler;
using server::CheckOrigin;
using server::ConnectError;
using server::ConnectInfo;
using server::ConnectOk;
using server::ConnectResult;
using server::ConnectSocket;
using server::Endpoint;
using server::EndpointOptions;
using server::HandleResult;
using server::Info;
using server::JoinError;
using server::JoinOk;
using server::JoinResult;
using server::NoReply;
using server::Payload;
using server::Presence;
using server::PubSub;
using server::reply;
using server::Reply;
using server::Socket;
using server::SocketRef;
using server::Stop;
using server::StopReason;
using server::StopReply;
using server::Timeout;
using server::UserSocket;

}  // namespace phx
