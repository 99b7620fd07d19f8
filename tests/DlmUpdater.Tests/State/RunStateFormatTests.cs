using System.Text;
using DlmUpdater.Core.Workflow;
using DlmUpdater.Host;
using DlmUpdater.State;

namespace DlmUpdater.Tests.State;

public sealed class RunStateFormatTests
{
    [Fact]
    public void The_stored_form_is_a_contract()
    {
        string text = Encoding.UTF8.GetString(RunStateFormat.Write(SampleStates.Plain with
        {
            Waiver = new WaiverNote("no answer", SampleStates.Time),
            Reboot = new RebootRequest(SampleStates.Time, TimeSpan.FromSeconds(90.5), new BootIdentity("b", 3), 1),
        }));
        string body = """
            {"version":1,"run_id":"r-1","phase":"update","started":"2026-03-14T01:59:26+00:00","phase_since":"2026-03-14T02:02:26+00:00",
            "attempt":2,"boot":{"id":"6b1f0b0e-1111-4222-8333-444455556666","init_started":17},
            "lock":{"service":"foreman","name":"web","holder":"host.example.com","since":"2026-03-14T01:59:26+00:00","confirmed":"2026-03-14T01:59:28+00:00"},
            "waiver":{"reason":"no answer","since":"2026-03-14T01:59:26+00:00"},"scripts":[{"name":"10-stop","exit":0,"seconds":1.25}],
            "reboot":{"first_at":"2026-03-14T01:59:26+00:00","first_boot_clock":90.5,"boot":{"id":"b","init_started":3},"requests":1}
            """.Replace("\n", "");
        Assert.Equal($"{body},\"check\":\"{Crc32.Of(Encoding.UTF8.GetBytes(body)):x8}\"}}\n", text);
    }

    [Fact]
    public void What_0_2_added_stands_in_fields_of_its_own_that_0_1_passes_over()
    {
        RunState plain = SampleStates.Plain, more = plain with
        {
            FirstBoot = new BootIdentity("b", 3),
            ReleaseSent = true,
            Lock = plain.Lock! with { HolderIsHostName = true },
        };
        string text = Encoding.UTF8.GetString(RunStateFormat.Write(more)), old = Encoding.UTF8.GetString(RunStateFormat.Write(plain));
        string without = text.Replace("\"first_boot\":{\"id\":\"b\",\"init_started\":3},\"release_sent\":true,", "").Replace("\"holder_is_host_name\":true,", "");
        Assert.Equal(old[..old.IndexOf(",\"check\"", StringComparison.Ordinal)], without[..without.IndexOf(",\"check\"", StringComparison.Ordinal)]);

        RunState? read = RunStateFormat.Read(Encoding.UTF8.GetBytes(old), out _);
        Assert.Equal((null, false, false), (read!.FirstBoot, read.ReleaseSent, read.Lock!.HolderIsHostName));
    }

    [Fact]
    public void Any_state_reads_back_as_it_was()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            RunState state = SampleStates.Any(new Random(seed));
            RunState? read = RunStateFormat.Read(RunStateFormat.Write(state), out string why);
            Assert.True(read is not null, $"seed {seed}: {why}");
            SampleStates.AssertSame(state, read);
        }
    }

    [Fact]
    public void Half_a_surrogate_pair_does_not_throw()
    {
        RunState? read = RunStateFormat.Read(RunStateFormat.Write(SampleStates.Plain with { RunId = "a\ud800b" }), out _);
        Assert.Equal("a\ufffdb", read?.RunId);
    }

    [Fact]
    public void Every_truncation_is_seen()
    {
        byte[] whole = RunStateFormat.Write(SampleStates.Any(new Random(7)));
        for (int length = 0; length < whole.Length - 1; length++)
        {
            Assert.Null(RunStateFormat.Read(whole.AsMemory(0, length), out string why));
            Assert.NotEmpty(why);
        }
        Assert.NotNull(RunStateFormat.Read(whole.AsMemory(0, whole.Length - 1), out _));
    }

    [Fact]
    public void Every_flipped_bit_is_seen()
    {
        byte[] whole = RunStateFormat.Write(SampleStates.Plain);
        for (int bit = 0; bit < (whole.Length - 1) * 8; bit++)
        {
            byte[] bytes = [.. whole];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            RunState? read = RunStateFormat.Read(bytes, out _);
            // Only the case of a digit of the check itself can flip without a meaning.
            if (read is not null)
                SampleStates.AssertSame(SampleStates.Plain, read);
        }
    }

    [Fact]
    public void Mutations_never_throw_and_never_read_as_another_run()
    {
        byte[] whole = RunStateFormat.Write(SampleStates.Plain);
        for (int seed = 0; seed < 20_000; seed++)
        {
            var dice = new Random(seed);
            List<byte> bytes = [.. whole];
            for (int i = dice.Next(1, 6); i > 0; i--)
            {
                int at = dice.Next(bytes.Count);
                switch (dice.Next(4))
                {
                    case 0:
                        bytes[at] = (byte)dice.Next(256);
                        break;
                    case 1:
                        bytes.RemoveAt(at);
                        break;
                    case 2:
                        bytes.Insert(at, (byte)"{}[]\",:0\\ \0ÿ"[dice.Next(12)]);
                        break;
                    default:
                        int from = dice.Next(bytes.Count);
                        bytes.InsertRange(at, bytes.GetRange(from, Math.Min(dice.Next(40), bytes.Count - from)));
                        break;
                }
            }
            if (RunStateFormat.Read(bytes.ToArray(), out _) is { } read)
                SampleStates.AssertSame(SampleStates.Plain, read);
        }
    }

    [Theory]
    [InlineData("\"version\":1", "\"version\":2", "version 2")]
    [InlineData("\"version\":1,", "", "\"version\"")]
    [InlineData("\"version\":1", "\"version\":\"1\"", "\"version\"")]
    [InlineData("\"update\"", "\"dance\"", "'dance'")]
    [InlineData("\"phase\":\"update\",", "", "\"phase\"")]
    [InlineData("\"run_id\":\"r-1\",", "", "\"run_id\"")]
    [InlineData("\"r-1\"", "\"\"", "empty field \"run_id\"")]
    [InlineData("\"r-1\"", "\"\\ud800\"", "\"run_id\"")]
    [InlineData("\"attempt\":2", "\"attempt\":0", "\"attempt\"")]
    [InlineData("\"attempt\":2", "\"attempt\":99999999999", "\"attempt\"")]
    [InlineData("\"attempt\":2", "\"attempt\":1.5", "\"attempt\"")]
    [InlineData("\"boot\":{", "\"boot\":[],\"x\":{", "\"boot\"")]
    [InlineData("\"init_started\":17", "\"init_started\":-1", "\"init_started\"")]
    [InlineData("\"scripts\":[{", "\"scripts\":[1,{", "\"scripts\"")]
    [InlineData("\"scripts\":", "\"skripts\":", "\"scripts\"")]
    [InlineData("\"exit\":0,", "", "\"exit\"")]
    [InlineData("\"seconds\":1.25", "\"seconds\":1e30", "\"seconds\"")]
    [InlineData("\"seconds\":1.25", "\"seconds\":\"1\"", "\"seconds\"")]
    [InlineData("2026-03-14T01:59:28+00:00", "yesterday", "\"confirmed\"")]
    [InlineData("\"holder\":\"host.example.com\",", "", "\"holder\"")]
    [InlineData("\"lock\":{", "\"lock\":7,\"x\":{", "\"lock\"")]
    [InlineData("\"attempt\":2", "\"attempt\":2,\"attempt\":2", "JSON")]
    public void What_does_not_fit_is_named(string part, string instead, string named)
    {
        byte[] bytes = Altered(part, instead);
        Assert.Null(RunStateFormat.Read(bytes, out string why));
        Assert.Contains(named, why);
    }

    [Fact]
    public void Fields_of_a_later_version_1_are_passed_over()
    {
        RunState? read = RunStateFormat.Read(Altered("\"attempt\":2", "\"attempt\":2,\"mood\":{\"x\":[1]}"), out string why);
        Assert.True(read is not null, why);
        SampleStates.AssertSame(SampleStates.Plain, read);
    }

    [Fact]
    public void A_state_without_its_check_is_damaged()
    {
        byte[] whole = RunStateFormat.Write(SampleStates.Plain);
        string text = Encoding.UTF8.GetString(whole);
        string without = text[..text.IndexOf(",\"check\"", StringComparison.Ordinal)] + "}\n";
        Assert.Null(RunStateFormat.Read(Encoding.UTF8.GetBytes(without), out string why));
        Assert.Contains("checksum", why);
    }

    [Fact]
    public void The_checksum_is_the_one_of_the_world() => Assert.Equal(0xCBF43926u, Crc32.Of("123456789"u8));

    private static byte[] Altered(string part, string instead)
    {
        string text = Encoding.UTF8.GetString(RunStateFormat.Write(SampleStates.Plain));
        string body = text[..text.IndexOf(",\"check\"", StringComparison.Ordinal)];
        Assert.Contains(part, body);
        body = body.Replace(part, instead);
        return Encoding.UTF8.GetBytes($"{body},\"check\":\"{Crc32.Of(Encoding.UTF8.GetBytes(body)):x8}\"}}\n");
    }
}
