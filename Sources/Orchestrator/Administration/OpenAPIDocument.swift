/// deploy/openapi.yaml, so that the program serves it without a file. A test compares the two; RECORD=1 writes this one
/// anew.
package enum OpenAPIDocument {
  package static let text = #"""
    # The HTTP interface of `countersign orchestrator run`. Served by it at /v1/openapi.yaml.
    # Sources/Orchestrator/Administration/OpenAPIDocument.swift holds a copy: see docs/operate/api.md.
    openapi: 3.1.0
    info:
      title: Countersign orchestrator
      version: "1"
      summary: The authority as a service, and its administration.
      description: |
        Everything under `/v1` needs an access token (`Authorization: Bearer ID.SECRET`) or a client certificate that the
        configuration names, and a role: a reader reads, an operator also invites, approves, signs, denies and revokes, an
        administrator also makes access tokens. The least role of each operation is its `x-role`.

        Refusals are problem documents (RFC 9457). Lists come in pages: hand back `next` as `after`. Unknown fields and
        parameters are refused. Times are RFC 3339, serials and hashes hexadecimal.

        `/.well-known/est`, `/ocsp`, `/crl` and `/issuers` speak protocols of their own and are described for completeness.
    servers:
      - url: https://localhost:8443
    tags:
      - {name: status, description: "The authority and its condition."}
      - {name: invitations, description: "Permissions to enrol."}
      - {name: nodes, description: "What is known of each node."}
      - {name: requests, description: "Requests that wait for an operator."}
      - {name: certificates, description: "What was issued."}
      - {name: events, description: "The record of every decision."}
      - {name: access, description: "Tokens for this interface."}
      - {name: protocols, description: "Protocols with RFCs of their own."}
    security:
      - accessToken: []
      - clientCertificate: []
    paths:
      /v1/openapi.yaml:
        get:
          operationId: describe
          tags: [status]
          summary: "This document."
          security: []
          parameters:
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/yaml: {}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/status:
        get:
          operationId: showStatus
          tags: [status]
          summary: "How many certificates are in which condition, and who waits."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/warnSeconds"
            - $ref: "#/components/parameters/criticalSeconds"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/Status"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/authority:
        get:
          operationId: showAuthority
          tags: [status]
          summary: "The issuers, and the roots that nodes trust."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/Authority"}}
                application/x-pem-file: {schema: {type: string}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/policy/test:
        post:
          operationId: testPolicy
          tags: [status]
          summary: "Say what the policy would answer to a request, without signing it."
          x-role: reader
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/PolicyQuestion"}}
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/PolicyAnswer"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/crl:
        post:
          operationId: publishLists
          tags: [status]
          summary: "Sign and publish the lists of revoked certificates now."
          x-role: operator
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/PublishedLists"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/invitations:
        get:
          operationId: listInvitations
          tags: [invitations]
          summary: "The invitations, newest first."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/usable"
            - $ref: "#/components/parameters/limit"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/InvitationList"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
        post:
          operationId: createInvitation
          tags: [invitations]
          summary: "Permit somebody to enrol."
          x-role: operator
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/NewInvitation"}}
          responses:
            "201":
              description: "It is made. The secret is in this answer and nowhere else."
              headers:
                Location: {schema: {type: string}, description: Where the invitation is.}
              content:
                application/json: {schema: {$ref: "#/components/schemas/CreatedInvitation"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/invitations/{id}:
        get:
          operationId: showInvitation
          tags: [invitations]
          summary: "One invitation, without its secret."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/id"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/Invitation"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "503": {$ref: "#/components/responses/Unavailable"}
        delete:
          operationId: withdrawInvitation
          tags: [invitations]
          summary: "End an invitation."
          x-role: operator
          parameters:
            - $ref: "#/components/parameters/id"
          responses:
            "204":
              description: "It is withdrawn, now or before."
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/nodes:
        get:
          operationId: listNodes
          tags: [nodes]
          summary: "The nodes, by name."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/after"
            - $ref: "#/components/parameters/limit"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/NodeList"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/nodes/{name}:
        get:
          operationId: showNode
          tags: [nodes]
          summary: "A node and its newest certificates."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/name"
            - $ref: "#/components/parameters/organization"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/NodeDetail"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/nodes/{name}/revoke:
        post:
          operationId: revokeNode
          tags: [nodes]
          summary: "Revoke all certificates of a node and shut it out."
          x-role: operator
          parameters:
            - $ref: "#/components/parameters/name"
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/NodeRevocation"}}
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/NodeDecision"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/nodes/{name}/readmit:
        post:
          operationId: readmitNode
          tags: [nodes]
          summary: "Let a node that was shut out in again. What is revoked stays so."
          x-role: operator
          parameters:
            - $ref: "#/components/parameters/name"
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/Readmission"}}
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/NodeDecision"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/requests:
        get:
          operationId: listRequests
          tags: [requests]
          summary: "The requests in a state, oldest first."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/requestState"
            - $ref: "#/components/parameters/requestName"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/PendingRequestList"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/requests/{id}:
        get:
          operationId: showRequest
          tags: [requests]
          summary: "One request."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/id"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/PendingRequest"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/requests/{id}/approve:
        post:
          operationId: approveRequest
          tags: [requests]
          summary: "Let a waiting request have its certificate. Wrong pairing codes deny it after some tries."
          x-role: operator
          parameters:
            - $ref: "#/components/parameters/id"
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/Approval"}}
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/PendingRequest"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/requests/{id}/deny:
        post:
          operationId: denyRequest
          tags: [requests]
          summary: "Refuse a waiting request."
          x-role: operator
          parameters:
            - $ref: "#/components/parameters/id"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/PendingRequest"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/certificates:
        get:
          operationId: listCertificates
          tags: [certificates]
          summary: "Certificates, soonest expiry first."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/after"
            - $ref: "#/components/parameters/limit"
            - $ref: "#/components/parameters/certificateState"
            - $ref: "#/components/parameters/expiringBefore"
            - $ref: "#/components/parameters/certificateName"
            - $ref: "#/components/parameters/excludeSuperseded"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/CertificateList"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
        post:
          operationId: signRequest
          tags: [certificates]
          summary: "Sign a certificate request, within the policy."
          x-role: operator
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/SigningWish"}}
          responses:
            "201":
              description: "It is issued and recorded."
              headers:
                Location: {schema: {type: string}, description: Where the certificate is.}
              content:
                application/json: {schema: {$ref: "#/components/schemas/CertificateDetail"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/certificates/{serial}:
        get:
          operationId: showCertificate
          tags: [certificates]
          summary: "A certificate; with those above it as PEM when that is asked for."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/serial"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/CertificateDetail"}}
                application/x-pem-file: {schema: {type: string}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/certificates/{serial}/revoke:
        post:
          operationId: revokeCertificate
          tags: [certificates]
          summary: "Revoke one certificate."
          x-role: operator
          parameters:
            - $ref: "#/components/parameters/serial"
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/Revocation"}}
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/Revoked"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/events:
        get:
          operationId: listEvents
          tags: [events]
          summary: "Events in order. As JSON lines, all that follow, in one stream."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/afterEvent"
            - $ref: "#/components/parameters/limit"
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/EventList"}}
                application/x-ndjson: {schema: {type: string}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/checkpoint:
        get:
          operationId: showCheckpoint
          tags: [events]
          summary: "The end of the chain of events. Keep it elsewhere."
          x-role: reader
          parameters:
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/Checkpoint"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/access-tokens:
        get:
          operationId: listAccessTokens
          tags: [access]
          summary: "The access tokens, without their secrets."
          x-role: administrator
          parameters:
            - $ref: "#/components/parameters/IfNoneMatch"
          responses:
            "200":
              description: "The answer."
              content:
                application/json: {schema: {$ref: "#/components/schemas/AccessTokenList"}}
            "304": {$ref: "#/components/responses/NotModified"}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "503": {$ref: "#/components/responses/Unavailable"}
        post:
          operationId: createAccessToken
          tags: [access]
          summary: "Make an access token."
          x-role: administrator
          requestBody:
            required: true
            content:
              application/json: {schema: {$ref: "#/components/schemas/NewAccessToken"}}
          responses:
            "201":
              description: "It is made. The secret is in this answer and nowhere else."
              content:
                application/json: {schema: {$ref: "#/components/schemas/CreatedAccessToken"}}
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "409": {$ref: "#/components/responses/Conflict"}
            "413": {$ref: "#/components/responses/TooLarge"}
            "415": {$ref: "#/components/responses/UnsupportedMediaType"}
            "422": {$ref: "#/components/responses/Invalid"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /v1/access-tokens/{id}:
        delete:
          operationId: withdrawAccessToken
          tags: [access]
          summary: "End an access token."
          x-role: administrator
          parameters:
            - $ref: "#/components/parameters/id"
          responses:
            "204":
              description: "It is withdrawn, now or before."
            "400": {$ref: "#/components/responses/Malformed"}
            "401": {$ref: "#/components/responses/Unauthenticated"}
            "403": {$ref: "#/components/responses/Forbidden"}
            "404": {$ref: "#/components/responses/NotFound"}
            "503": {$ref: "#/components/responses/Unavailable"}
      /.well-known/est/cacerts:
        get:
          operationId: estRoots
          tags: [protocols]
          summary: The roots that nodes trust (RFC 7030, section 4.1).
          security: []
          responses:
            "200":
              description: Certificates only, CMS in base64.
              content:
                application/pkcs7-mime: {schema: {type: string}}
      /.well-known/est/simpleenroll:
        post:
          operationId: estEnroll
          tags: [protocols]
          summary: A first certificate (RFC 7030, section 4.2).
          security:
            - {}
            - estBasic: []
            - clientCertificate: []
          requestBody: {$ref: "#/components/requestBodies/CertificateRequest"}
          responses:
            "200": {$ref: "#/components/responses/Enrolled"}
            "202": {$ref: "#/components/responses/Waiting"}
            4XX: {$ref: "#/components/responses/Refused"}
            5XX: {$ref: "#/components/responses/Refused"}
      /.well-known/est/simplereenroll:
        post:
          operationId: estReenroll
          tags: [protocols]
          summary: The next certificate, with the present one as client certificate (RFC 7030, section 4.2.2).
          security:
            - clientCertificate: []
          requestBody: {$ref: "#/components/requestBodies/CertificateRequest"}
          responses:
            "200": {$ref: "#/components/responses/Enrolled"}
            4XX: {$ref: "#/components/responses/Refused"}
            5XX: {$ref: "#/components/responses/Refused"}
      /.well-known/est/csrattrs:
        get:
          operationId: estAttributes
          tags: [protocols]
          summary: What a request should hold (RFC 7030, section 4.5).
          security: []
          responses:
            "200":
              description: CsrAttrs, DER in base64.
              content:
                application/csrattrs: {schema: {type: string}}
            "204": {description: Nothing in particular.}
      /ocsp:
        post:
          operationId: ocsp
          tags: [protocols]
          summary: Whether a certificate is revoked (RFC 6960). Also on the plain listener, and as GET.
          security: []
          requestBody:
            required: true
            content:
              application/ocsp-request: {schema: {type: string}}
          responses:
            "200":
              description: A signed answer.
              content:
                application/ocsp-response: {schema: {type: string}}
            4XX: {$ref: "#/components/responses/Refused"}
            5XX: {$ref: "#/components/responses/Refused"}
      /crl/{file}:
        get:
          operationId: crl
          tags: [protocols]
          summary: The list of revoked certificates of an issuer, `NUMBER.crl`. Also on the plain listener.
          security: []
          parameters:
            - {name: file, in: path, required: true, schema: {type: string}}
          responses:
            "200":
              description: A CRL, DER.
              content:
                application/pkix-crl: {schema: {type: string}}
            "304": {$ref: "#/components/responses/NotModified"}
            4XX: {$ref: "#/components/responses/Refused"}
            5XX: {$ref: "#/components/responses/Refused"}
      /issuers/{file}:
        get:
          operationId: issuer
          tags: [protocols]
          summary: The certificate of an issuer, `NUMBER.crt`. Also on the plain listener.
          security: []
          parameters:
            - {name: file, in: path, required: true, schema: {type: string}}
          responses:
            "200":
              description: A certificate, DER.
              content:
                application/pkix-cert: {schema: {type: string}}
            "304": {$ref: "#/components/responses/NotModified"}
            4XX: {$ref: "#/components/responses/Refused"}
            5XX: {$ref: "#/components/responses/Refused"}
    components:
      securitySchemes:
        accessToken: {type: http, scheme: bearer, description: "ID.SECRET of an access file."}
        clientCertificate: {type: mutualTLS, description: "A certificate of this authority that the configuration names."}
        estBasic: {type: http, scheme: basic, description: "An invitation's ID and secret, or an agent's name and password."}
      parameters:
        id:
          name: id
          in: path
          required: true
          description: "As lists show it."
          schema: {type: string, pattern: "^[0-9a-f]{16}$"}
        name:
          name: name
          in: path
          required: true
          description: "The node's common name."
          schema: {type: string, minLength: 1, maxLength: 64}
        serial:
          name: serial
          in: path
          required: true
          description: "Hexadecimal."
          schema: {type: string, pattern: "^[0-9a-f]{1,40}$"}
        organization:
          name: organization
          in: query
          description: "Needed where nodes of several organizations have the name."
          schema: {type: string, minLength: 1, maxLength: 64}
        limit:
          name: limit
          in: query
          description: "The most entries of a page."
          schema: {type: integer, minimum: 1, maximum: 1000, default: 100}
        after:
          name: after
          in: query
          description: "Go on after this place: what `next` said."
          schema: {type: string, maxLength: 1024}
        afterEvent:
          name: after
          in: query
          description: "Only events after this sequence number."
          schema: {type: integer, minimum: 0, maximum: 9007199254740992, default: 0}
        usable:
          name: usable
          in: query
          description: "Only those that can still be used."
          schema: {type: boolean, default: false}
        requestState:
          name: state
          in: query
          description: "Only requests in this state."
          schema: {type: string, enum: [waiting, approved, denied, issued], default: waiting}
        requestName:
          name: name
          in: query
          description: "Only requests of this name."
          schema: {type: string, minLength: 1, maxLength: 64}
        certificateState:
          name: state
          in: query
          description: "Only certificates in this state."
          schema: {type: string, enum: [reserved, issued, revoked]}
        certificateName:
          name: name
          in: query
          description: "Only certificates of this common name."
          schema: {type: string, minLength: 1, maxLength: 64}
        expiringBefore:
          name: expiringBefore
          in: query
          description: "Only certificates that end before this."
          schema: {type: string, format: date-time}
        excludeSuperseded:
          name: excludeSuperseded
          in: query
          description: "Leave out those that a later one has replaced."
          schema: {type: boolean, default: false}
        warnSeconds:
          name: warnSeconds
          in: query
          description: "Less than this left is a warning."
          schema: {type: integer, minimum: 0, maximum: 3153600000, default: 2592000}
        criticalSeconds:
          name: criticalSeconds
          in: query
          description: "Less than this left is critical."
          schema: {type: integer, minimum: 0, maximum: 3153600000, default: 604800}
        IfNoneMatch:
          name: If-None-Match
          in: header
          description: "The ETag of the answer that the client has."
          schema: {type: string}
      requestBodies:
        CertificateRequest:
          required: true
          content:
            application/pkcs10: {schema: {type: string}}
      responses:
        NotModified:
          description: "The client has this already."
        Malformed:
          description: "A field or parameter is missing, unknown, or of the wrong kind."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Unauthenticated:
          description: "No valid access token and no client certificate."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Forbidden:
          description: "The role does not suffice, or the pairing code is wrong."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        NotFound:
          description: "It is not known."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Conflict:
          description: "The present state forbids it, or a name is ambiguous."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        TooLarge:
          description: "The body is larger than 64 KiB."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        UnsupportedMediaType:
          description: "The body is not application/json."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Invalid:
          description: "A value is well-formed and not acceptable; `detail` says why."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Unavailable:
          description: "The record can not be read or written now; Retry-After says when to try again."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Refused:
          description: "Refused; `detail` says why."
          content:
            application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}
        Enrolled:
          description: "The certificate, certificates only, CMS in base64."
          content:
            application/pkcs7-mime: {schema: {type: string}}
        Waiting:
          description: An operator has to approve it; ask again after Retry-After seconds.
          headers:
            Retry-After: {schema: {type: integer}, description: Seconds.}
      schemas:
        Problem:
          type: object
          description: "RFC 9457."
          additionalProperties: false
          required: [type, title, status, detail, instance]
          properties:
            type: {type: string}
            title: {type: string}
            status: {type: integer, minimum: 0}
            detail: {type: string}
            instance: {type: string}
        Invitation:
          type: object
          additionalProperties: false
          required: [id, state, dns, uses, used, createdBy, createdAt, expiresAt]
          properties:
            id: {type: string, pattern: "^[0-9a-f]{16}$"}
            state: {type: string, enum: [usable, spent, expired, withdrawn]}
            name: {type: string}
            organization: {type: string}
            dns: {type: array, items: {type: string}}
            uses: {type: integer, minimum: 0}
            used: {type: integer, minimum: 0}
            createdBy: {type: string}
            createdAt: {type: string, format: date-time}
            expiresAt: {type: string, format: date-time}
            withdrawnAt: {type: string, format: date-time}
        InvitationList:
          type: object
          additionalProperties: false
          required: [invitations]
          properties:
            invitations: {type: array, items: {$ref: "#/components/schemas/Invitation"}}
        NewInvitation:
          type: object
          description: Whom it is for. At least one of name, organization and dns is needed.
          additionalProperties: false
          anyOf:
            - {required: [name]}
            - {required: [organization]}
            - {required: [dns], properties: {dns: {minItems: 1}}}
          properties:
            name: {type: string, minLength: 1, maxLength: 64, pattern: '^[^\x00-\x1f\x7f-\x9f]*$'}
            organization: {type: string, minLength: 1, maxLength: 64, pattern: '^[^\x00-\x1f\x7f-\x9f]*$'}
            dns:
              type: array
              maxItems: 100
              description: DNS names, or suffixes that begin with a dot.
              items: {type: string, minLength: 1, maxLength: 254}
            uses: {type: integer, minimum: 1, maximum: 1000000, default: 1}
            lifetimeSeconds: {type: integer, minimum: 60, maximum: 31622400, default: 3600}
        CreatedInvitation:
          type: object
          additionalProperties: false
          required: [invitation, joinString]
          properties:
            invitation: {$ref: "#/components/schemas/Invitation"}
            joinString: {type: string, description: "A secret: what `agent join` takes."}
        Node:
          type: object
          additionalProperties: false
          required: [name, state, firstIssuedAt, certificateCount, latest]
          properties:
            name: {type: string}
            organization: {type: string}
            state: {type: string, enum: [admitted, shutOut]}
            admission: {type: string}
            rule: {type: string}
            firstIssuedAt: {type: string, format: date-time}
            certificateCount: {type: integer, minimum: 0}
            latest: {$ref: "#/components/schemas/Certificate"}
            lastSeen: {$ref: "#/components/schemas/Sighting"}
            shutOutAt: {type: string, format: date-time}
        Sighting:
          type: object
          description: "When a node last proved itself, and with which certificate."
          additionalProperties: false
          required: [serial, at, source]
          properties:
            serial: {type: string, pattern: "^[0-9a-f]+$"}
            at: {type: string, format: date-time}
            source: {type: string}
        NodeList:
          type: object
          additionalProperties: false
          required: [nodes]
          properties:
            nodes: {type: array, items: {$ref: "#/components/schemas/Node"}}
            next: {type: string}
        NodeDetail:
          type: object
          additionalProperties: false
          required: [node, certificates]
          properties:
            node: {$ref: "#/components/schemas/Node"}
            certificates: {type: array, items: {$ref: "#/components/schemas/Certificate"}}
        NodeRevocation:
          type: object
          additionalProperties: false
          properties:
            organization: {type: string, minLength: 1, maxLength: 64, pattern: '^[^\x00-\x1f\x7f-\x9f]*$'}
            reason: {type: string, enum: [unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn]}
        Readmission:
          type: object
          additionalProperties: false
          properties:
            organization: {type: string, minLength: 1, maxLength: 64, pattern: '^[^\x00-\x1f\x7f-\x9f]*$'}
        NodeDecision:
          type: object
          additionalProperties: false
          required: [name, state, revoked]
          properties:
            name: {type: string}
            organization: {type: string}
            state: {type: string, enum: [admitted, shutOut]}
            revoked: {type: array, items: {type: string, pattern: "^[0-9a-f]+$"}}
        PendingRequest:
          type: object
          additionalProperties: false
          required: [id, name, names, pairingCode, source, state, createdAt, expiresAt]
          properties:
            id: {type: string, pattern: "^[0-9a-f]{16}$"}
            name: {type: string}
            organization: {type: string}
            names: {type: array, items: {type: string}}
            pairingCode: {type: string}
            source: {type: string}
            state: {type: string, enum: [waiting, approved, denied, issued]}
            createdAt: {type: string, format: date-time}
            expiresAt: {type: string, format: date-time}
            decidedBy: {type: string}
            decidedAt: {type: string, format: date-time}
        PendingRequestList:
          type: object
          additionalProperties: false
          required: [requests]
          properties:
            requests: {type: array, items: {$ref: "#/components/schemas/PendingRequest"}}
        Approval:
          type: object
          additionalProperties: false
          required: [code]
          properties:
            code: {type: string, minLength: 1, maxLength: 40, description: "The pairing code that the node shows."}
        Certificate:
          type: object
          additionalProperties: false
          required: [serial, subject, names, profile, key, notBefore, notAfter, state, issuer, renewsItself]
          properties:
            serial: {type: string, pattern: "^[0-9a-f]+$"}
            subject: {type: string}
            commonName: {type: string}
            organization: {type: string}
            names: {type: array, items: {type: string}}
            profile: {type: string}
            key: {type: string}
            notBefore: {type: string, format: date-time}
            notAfter: {type: string, format: date-time}
            state: {type: string, enum: [reserved, issued, revoked]}
            issuer: {type: integer, minimum: 0}
            renewsItself: {type: boolean, description: "It is one of the orchestrator's own, which it renews."}
        CertificateList:
          type: object
          additionalProperties: false
          required: [certificates]
          properties:
            certificates: {type: array, items: {$ref: "#/components/schemas/Certificate"}}
            next: {type: string}
        CertificateDetail:
          type: object
          additionalProperties: false
          required: [certificate, requestedBy, reservedAt]
          properties:
            certificate: {$ref: "#/components/schemas/Certificate"}
            requestedBy: {type: string}
            admission: {type: string}
            rule: {type: string}
            source: {type: string}
            reservedAt: {type: string, format: date-time}
            issuedAt: {type: string, format: date-time}
            sha256: {type: string, pattern: "^[0-9a-f]+$"}
            revokedAt: {type: string, format: date-time}
            reason: {type: string}
            pem: {type: string}
        Revocation:
          type: object
          additionalProperties: false
          properties:
            reason: {type: string, enum: [unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, privilegeWithdrawn]}
        Revoked:
          type: object
          additionalProperties: false
          required: [serial, subject, reason]
          properties:
            serial: {type: string, pattern: "^[0-9a-f]+$"}
            subject: {type: string}
            reason: {type: string}
        Event:
          type: object
          additionalProperties: false
          required: [sequence, time, kind, actor, subject, detail, hash]
          properties:
            sequence: {type: integer, minimum: 0}
            time: {type: string, format: date-time}
            kind: {type: string}
            actor: {type: string}
            subject: {type: string}
            detail: {type: object, additionalProperties: {type: string}}
            hash: {type: string, pattern: "^[0-9a-f]+$"}
        EventList:
          type: object
          additionalProperties: false
          required: [events]
          properties:
            events: {type: array, items: {$ref: "#/components/schemas/Event"}}
            next: {type: integer, minimum: 0}
        Checkpoint:
          type: object
          additionalProperties: false
          properties:
            checkpoint: {type: string}
        AccessToken:
          type: object
          additionalProperties: false
          required: [id, state, name, role, createdBy, createdAt, expiresAt]
          properties:
            id: {type: string, pattern: "^[0-9a-f]{16}$"}
            state: {type: string, enum: [usable, expired, withdrawn]}
            name: {type: string}
            role: {type: string, enum: [reader, operator, administrator]}
            createdBy: {type: string}
            createdAt: {type: string, format: date-time}
            expiresAt: {type: string, format: date-time}
            withdrawnAt: {type: string, format: date-time}
        AccessTokenList:
          type: object
          additionalProperties: false
          required: [accessTokens]
          properties:
            accessTokens: {type: array, items: {$ref: "#/components/schemas/AccessToken"}}
        NewAccessToken:
          type: object
          additionalProperties: false
          required: [name, role]
          properties:
            name: {type: string, minLength: 1, maxLength: 64, pattern: '^[^\x00-\x1f\x7f-\x9f]*$'}
            role: {type: string, enum: [reader, operator, administrator]}
            lifetimeSeconds: {type: integer, minimum: 60, maximum: 31622400, default: 7776000}
        CreatedAccessToken:
          type: object
          additionalProperties: false
          required: [accessToken, accessString]
          properties:
            accessToken: {$ref: "#/components/schemas/AccessToken"}
            accessString: {type: string, description: "A secret: the line of an access file."}
        Issuer:
          type: object
          additionalProperties: false
          required: [number, signs, subject, issuer, serial, sha256, key, notBefore, notAfter]
          properties:
            number: {type: integer, minimum: 0}
            signs: {type: boolean}
            subject: {type: string}
            issuer: {type: string}
            serial: {type: string, pattern: "^[0-9a-f]+$"}
            sha256: {type: string, pattern: "^[0-9a-f]+$"}
            key: {type: string}
            notBefore: {type: string, format: date-time}
            notAfter: {type: string, format: date-time}
        Authority:
          type: object
          additionalProperties: false
          required: [issuers, rootHash, roots]
          properties:
            issuers: {type: array, items: {$ref: "#/components/schemas/Issuer"}}
            rootHash: {type: string, pattern: "^[0-9a-f]+$"}
            roots: {type: string}
        Counts:
          type: object
          additionalProperties: false
          required: [good, warning, critical, expired, revoked, superseded, neverIssued]
          properties:
            good: {type: integer, minimum: 0}
            warning: {type: integer, minimum: 0}
            critical: {type: integer, minimum: 0}
            expired: {type: integer, minimum: 0}
            revoked: {type: integer, minimum: 0}
            superseded: {type: integer, minimum: 0}
            neverIssued: {type: integer, minimum: 0}
        Service:
          type: object
          additionalProperties: false
          required: [url, startedAt]
          properties:
            url: {type: string}
            startedAt: {type: string, format: date-time}
        Status:
          type: object
          additionalProperties: false
          required: [time, certificates, waitingRequests, issuers, services]
          properties:
            time: {type: string, format: date-time}
            certificates: {$ref: "#/components/schemas/Counts"}
            nextExpiry: {type: string, format: date-time}
            waitingRequests: {type: integer, minimum: 0}
            issuers: {type: array, items: {$ref: "#/components/schemas/Issuer"}}
            services: {type: array, items: {$ref: "#/components/schemas/Service"}}
        PublishedLists:
          type: object
          additionalProperties: false
          required: [lists]
          properties:
            lists: {type: array, items: {$ref: "#/components/schemas/PublishedList"}}
        PublishedList:
          type: object
          additionalProperties: false
          required: [issuer, number, nextUpdate]
          properties:
            issuer: {type: integer, minimum: 0}
            number: {type: integer, minimum: 0}
            nextUpdate: {type: string, format: date-time}
        PolicyQuestion:
          type: object
          additionalProperties: false
          required: [request]
          properties:
            request: {type: string, maxLength: 60000, description: "A certificate request in PEM."}
            admission: {type: string, enum: [desk, operator, token, password, approval, partner, renewal, lateRenewal, service], default: desk}
            profile: {type: string, enum: [node, server, client]}
            lifetimeSeconds: {type: integer, minimum: 1, maximum: 3153600000}
        SigningWish:
          type: object
          additionalProperties: false
          required: [request]
          properties:
            request: {type: string, maxLength: 60000, description: "A certificate request in PEM."}
            profile: {type: string, enum: [node, server, client]}
            lifetimeSeconds: {type: integer, minimum: 1, maximum: 3153600000}
        PolicyAnswer:
          type: object
          additionalProperties: false
          required: [allowed, rule, grant]
          properties:
            allowed: {type: boolean}
            rule: {type: string}
            reason: {type: string}
            grant: {$ref: "#/components/schemas/Grant"}
        Grant:
          type: object
          additionalProperties: false
          required: [subject, names, profile, lifetimeSeconds, key, left]
          properties:
            subject: {type: string}
            names: {type: array, items: {type: string}}
            profile: {type: string}
            lifetimeSeconds: {type: integer, minimum: 0}
            key: {type: string}
            left: {type: array, items: {type: string}}
    """#
}
