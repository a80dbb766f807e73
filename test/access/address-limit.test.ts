// The number of sockets per IP address and network.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AddressLimit, networkOf } from "../../src/access/address-limit.ts";

const test = suite("addresses");

test("an IPv4 address counts as one place however it is written, and so does an IPv6 network of 64 bits", () => {
  for (const [address, network] of [
    ["10.0.0.1", "10.0.0.1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::1", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:ffff:1:2:3", "2001:db8:0:0::/64"],
    ["2001:0DB8:1:2::", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
  ])
    assert.is(networkOf(address), network, address);
});

test("an address is full at its maximum of sockets, and no longer when one has closed", () => {
  const addresses = new AddressLimit({ socketsPerAddressMax: 2, socketsPerLoopbackAddressMax: 3 });
  const network = addresses.add("10.0.0.1");
  addresses.add("10.0.0.1");
  assert.equal([addresses.isFull("10.0.0.1"), addresses.isFull("10.0.0.2")], [true, false]);
  addresses.remove(network);
  assert.is(addresses.isFull("10.0.0.1"), false);
  for (let count = 0; count < 2; count++) addresses.add("127.0.0.1");
  assert.is(addresses.isFull("127.0.0.1"), false, "the loopback address has its own maximum");
  addresses.add("::ffff:127.0.0.1");
  assert.is(addresses.isFull("127.0.0.1"), true);
});

test("closed sockets leave nothing behind", () => {
  const addresses = new AddressLimit({ socketsPerAddressMax: 2, socketsPerLoopbackAddressMax: 2 });
  const networks = Array.from({ length: 100 }, (_, index) => addresses.add(`10.0.0.${index}`));
  assert.is(addresses.size, 100);
  for (const network of networks) addresses.remove(network);
  assert.is(addresses.size, 0);
});

test.run();
