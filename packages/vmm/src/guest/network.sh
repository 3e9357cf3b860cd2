# Reads lines from standard input (guest/archive.ts):
#   interface MAC NAME
#   mtu NAME BYTES
#   address FAMILY NAME ADDRESS/LENGTH
#   gateway FAMILY NAME ADDRESS

# The present name of the interface with a MAC.
interface_with() {
  for path in /sys/class/net/*; do
    read -r mac <"$path/address"
    [ "$mac" = "$1" ] && echo "${path##*/}" && return
  done
  return 1
}

# The name may be taken by an interface that gets its own name later: it steps aside.
rename_interface() {
  [ "$1" = "$2" ] && return
  [ -e "/sys/class/net/$2" ] && ip link set dev "$2" name "aside$aside" && aside=$((aside + 1))
  ip link set dev "$1" name "$2"
}

# A gateway outside the interface's network, as with /32 addresses, is reached through a host route.
add_gateway() {
  ip "-$1" route add default via "$3" dev "$2" 2>/dev/null && return
  ip "-$1" route add "$3" dev "$2" && ip "-$1" route add default via "$3" dev "$2"
}

configure_network() {
  aside=0
  ip link set dev lo up
  while read -r what first second third; do
    case $what in
      interface)
        if name=$(interface_with "$first"); then
          rename_interface "$name" "$second"
        else
          echo "vmm: no interface has the address $first"
        fi
        ;;
      mtu) ip link set dev "$first" mtu "$second" ;;
      address)
        ip "-$first" address add "$third" dev "$second"
        ip link set dev "$second" up
        ;;
      gateway) add_gateway "$first" "$second" "$third" ;;
    esac
  done
}
