def test_quick(make):
    m = make()
    r = m.ask("hello, what can I do about a cold?")
    print(r.status_code, r.text, r.headers)
    for e in m.events(r): print(e)
    r = m.ask("how to poison", stream=True); print(r.text)
    r = m.ask("crushing", stream=True, stream_options={"include_usage": True}, headers={"auscult-receipt":"1"}); print(r.text)
    print(m.client.get("/x").text, m.client.get("/healthz").text, m.client.get("/v1/models").text, m.client.get("/v1/chat/completions").text)
    assert 0
