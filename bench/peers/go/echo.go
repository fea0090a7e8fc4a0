// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"net"
	"runtime"
)

// serveEcho is a TCP server that sends back what it gets, a goroutine for each connection. bench/load.c
// is its client.
func serveEcho() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fail(err.Error())
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port, runtime.GOMAXPROCS(0))
	for {
		conn, err := listener.Accept()
		if err != nil {
			fail(err.Error())
		}
		go serve(conn)
	}
}

func serve(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err = conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}
