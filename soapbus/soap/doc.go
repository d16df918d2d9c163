// Package soap asks SOAP 1.1 servers of the rpc/encoded kind, as Perl's
// SOAP::Lite is one, and reads what they really answer.
//
// Such a server guesses types from contents and makes names up, so a reply is
// read by position and shape: text is taken as it stands, base64 is decoded
// where xsi:type says so, and every other type is ignored. A reply comes from
// a stranger: its bytes, depth and number of elements are bounded while it is
// read, DTDs are refused, and what XML forbids becomes U+FFFD.
//
// gowsdl's soap.Client writes the request. Its generator and its decoder are
// not used: there is no WSDL to generate from (and what it made of one written
// by hand was refused by the server); the decoder refuses a second element in
// the Body, which is how a value used twice is sent, and SOAP 1.2; it reads no
// fault that comes with HTTP 500; it has no limit of size. So the client under
// it decodes the reply, and hands up an empty one.
//
// Not here: what the methods mean (soapbus/tracker), when to ask, trying again.
package soap
