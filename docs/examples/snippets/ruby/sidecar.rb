# sidecar.rb SOCKET ACCOUNT: prints the answer that a customer's click gets.

# region: sidecar
require "json"
require "net/http"
require "socket"

# Speaks HTTP over a Unix socket.
class Gateway < Net::HTTP
  def initialize(path, _port = nil)
    super("localhost")
    @socket_path = path
    self.read_timeout = 15
  end

  private def connect
    @socket = Net::BufferedIO.new(UNIXSocket.new(@socket_path), read_timeout: read_timeout)
  end
end

# The answer to a customer's click: its status, headers and text.
def open_portal(account, path = "/run/ephemint/ephemint.sock")
  asked = JSON.generate(account: account)
  reply = Gateway.new(path, nil, nil).start do |gateway| # the last nil: no proxy
    gateway.post("/v1/tokens", asked, "Content-Type" => "application/json")
  end
  said = JSON.parse(reply.body)
  case reply.code.to_i
  when 200 then [302, { "Location" => said["login_url"], "Cache-Control" => "no-store" }, ""]
  when 429, 503 then [503, { "Retry-After" => reply["Retry-After"] }, "Please try again in a moment."]
  else
    warn "no login for #{account}: #{said["code"]}: #{said["detail"]}"
    [502, {}, "The portal can't be opened."]
  end
end
# endregion

status, headers, = open_portal(ARGV[1], ARGV[0])
puts [status, headers["Location"] || headers["Retry-After"]].compact.join(" ")
