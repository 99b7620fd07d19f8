using System.Collections.Immutable;
using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Core.Tests.Upgrades;

public sealed class ProofTests
{
    private static readonly string[] Services = ["mongod", "elasticsearch.service"];

    [Theory]
    [InlineData("tcp:127.0.0.1:27017")]
    [InlineData("tcp:::1:27017")]
    [InlineData("unix:/run/mongo.sock")]
    [InlineData("unit:mongod.service")]
    [InlineData("curl -fs http://127.0.0.1:9200/_cluster/health")]
    [InlineData("/usr/local/bin/ready")]
    public void Each_kind_is_read(string text)
    {
        Assert.Null(Proof.Read(text, Services, out ImmutableArray<Proof> proofs));
        Assert.Equal(text, Assert.Single(proofs).ToString());
        Assert.Null(proofs[0].Service);
    }

    [Fact]
    public void A_service_in_front_ties_a_proof_to_it()
    {
        Assert.Null(Proof.Read("mongod=tcp:localhost:27017 | elasticsearch.service=curl -fs http://localhost:9200/?a=b | unix:/run/all.sock", Services, out ImmutableArray<Proof> proofs));
        Assert.Equal<Proof>(
            [
                new Proof.Tcp("mongod", "localhost", 27017),
                new Proof.Command("elasticsearch.service", ["curl", "-fs", "http://localhost:9200/?a=b"]),
                new Proof.Unix(null, "/run/all.sock"),
            ],
            proofs);
    }

    [Theory]
    [InlineData("tcp:127.0.0.1", "tcp:HOST:PORT")]
    [InlineData("tcp::1", "tcp:HOST:PORT")]
    [InlineData("tcp:a:0", "tcp:HOST:PORT")]
    [InlineData("tcp:a:65536", "tcp:HOST:PORT")]
    [InlineData("unix:run/x", "absolute path")]
    [InlineData("unix:/", "absolute path")]
    [InlineData("unit:", "the name of a unit")]
    [InlineData("unit:a b", "the name of a unit")]
    [InlineData("a | | b", "nothing between two |")]
    [InlineData("", "nothing between two |")]
    [InlineData("mongo=tcp:localhost:1", "names no service of the band")]
    [InlineData("bin/ready", "names no service of the band")]
    [InlineData("http://localhost:9200", "names no service of the band")]
    [InlineData("curl 'x", "")]
    public void What_is_none_is_said(string text, string part) =>
        Assert.Contains(part, Proof.Read(text, Services, out _)!, StringComparison.Ordinal);
}
