# Asks the metadata service of the engine (Firecracker's MMDS, version 2: docs/mmds in Firecracker) what cloud-init shall do, and writes
# it where cloud-init looks before anything else: the seed directory of its data source NoCloud.

# Says the words of a request, $3, to the service at $1, port $2, and prints the body of the answer when its status is 200. By nc, since
# busybox has nothing that can PUT. Our side stays open until the answer is whole: a service may take its end for that of the conversation.
request() {
  work=$(mktemp -d)
  mkfifo "$work/request" "$work/answer"
  timeout 20 nc "$1" "$2" <"$work/request" >"$work/answer" &
  client=$!
  exec 3>"$work/request" 4<"$work/answer"
  printf '%b\r\nHost: %s\r\n\r\n' "$3" "$1" >&3
  read_body <&4
  exec 3>&- 4<&-
  kill "$client" 2>/dev/null
  rm -r "$work"
}

# Prints as many bytes as the answer on standard input says that it has, and nothing of one that is no success.
read_body() {
  length=0
  end=$(printf '\r')
  IFS= read -r status
  while IFS= read -r line; do
    line=${line%"$end"}
    case $line in
      [Cc]ontent-[Ll]ength:*) length=${line#*: } ;;
      '') break ;;
    esac
  done
  case $status in
    HTTP/1.?\ 200*) head -c "$length" ;;
  esac
}

# Writes what the service at $1, port $2, tells into the directory $3. It may hold passwords.
fetch_seed() {
  token=$(request "$1" "$2" 'PUT /latest/api/token HTTP/1.1\r\nX-metadata-token-ttl-seconds: 300')
  [ -n "$token" ] || fail "no metadata service answers at $1"
  mkdir -p "$3"
  chmod 700 "$3"
  for document in meta-data user-data network-config; do
    (umask 077 && request "$1" "$2" "GET /latest/$document HTTP/1.1\r\nX-metadata-token: $token" >"$3/$document")
    [ -s "$3/$document" ] || fail "the metadata service at $1 tells no $document"
  done
}

# For the root at $1. The service answers on the first interface, whatever the routes are.
fetch_metadata() {
  ip link set dev eth0 up
  ip route replace 169.254.169.254 dev eth0
  fetch_seed 169.254.169.254 80 "$1/var/lib/cloud/seed/nocloud"
}
