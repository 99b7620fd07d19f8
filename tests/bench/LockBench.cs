using DlmUpdater.Tests.Locks.Foreman;
using DlmUpdater.Tests.Locks.Http;
using static DlmUpdater.Bench.Measuring;

namespace DlmUpdater.Bench;

/// <summary>What a lock costs: <c>dlm-updater lock acquire</c> (PUT and the confirming GET) and <c>lock release</c> (DELETE) at a
/// Foreman over mutual TLS, each beside <c>curl</c> making the same requests over one connection to the same server.</summary>
internal static class LockBench
{
    private const int Pairs = 60;
    private const double WallGoal = 1.2, RssGoalMiB = 20;
    private const string Host = "a.example", Curl = "/usr/bin/curl";

    /// <summary>Measures <paramref name="binary"/> and prints. 0, or 1 if something could not be measured.</summary>
    internal static int Run(string binary)
    {
        if (!File.Exists(binary)) return Fail($"{binary} does not exist: build it with 'make build'");
        if (!File.Exists(Curl)) return Fail($"{Curl} is missing: apt-get install curl");

        string place = "/var/lib/dlm-updater-bench-" + Guid.NewGuid().ToString("N");
        Directory.CreateDirectory(place, (UnixFileMode)0b111_101_101);
        try
        {
            using var authority = new Authority();
            var foreman = new FakeForeman();
            using var server = new TestServer(seen =>
            {
                (int status, string body) = foreman.Handle(seen.Method, seen.ClientName ?? "");
                return TestServer.Reply(status, body);
            }, authority.Issue("foreman.example"));
            Files(place, authority);
            string config = Config(place, server.Url), launcher = Compile(place), url = server.Url + "/api/dlmlocks/web/lock";
            string[] tls = ["--cacert", place + "/ca.crt", "--cert", place + "/host.pem", "--key", place + "/host.key"];
            string[] quiet = ["-sSf", "-o", "/dev/null", .. tls];

            Sample[] acquires = Measure(launcher, Pairs, [binary, "lock", "acquire", "--config", config],
                [Curl, "-q", .. quiet, "-X", "PUT", "-H", "Content-Type: application/json", url, "--next", .. quiet, url]);
            Sample[] releases = Measure(launcher, Pairs, [binary, "lock", "release", "--config", config],
                [Curl, "-q", .. quiet, "-X", "DELETE", url]);
            if (Array.Find([.. acquires, .. releases], s => s.Exit != 0) is { } failed)
                return Fail($"a measured program ended with {failed.Exit}");

            // Both sides must have asked the same, the launcher's three warm-ups included.
            int each = 2 * (Pairs + 3);
            foreach ((string method, int wanted) in new[] { ("PUT", each), ("GET", each), ("DELETE", each) })
            {
                int got = server.Requests.Count(seen => seen.Method == method);
                if (got != wanted)
                    return Fail($"the server saw {got} {method}, not {wanted}: the two sides did not make the same requests");
            }

            if (server.Connections != 2 * each) return Fail($"the server saw {server.Connections} connections, not {2 * each}");
            Print(acquires, releases);
            return 0;
        }
        finally
        {
            Directory.Delete(place, recursive: true);
            if (Directory.Exists(RunDirectory(place))) Directory.Delete(RunDirectory(place), recursive: true);
        }
    }

    private static void Print(Sample[] acquires, Sample[] releases)
    {
        Line($"{Pairs} interleaved pairs of each, medians; Foreman over mutual TLS, the server in the bench's own process");
        Line("                          wall ms    CPU ms  peak MiB");
        var (took, put) = Pair("lock acquire", "curl PUT, GET", acquires);
        var (gave, deleted) = Pair("lock release", "curl DELETE", releases);
        double ratio = (took.WallMs + gave.WallMs) / (put.WallMs + deleted.WallMs), peak = Math.Max(took.RssMiB, gave.RssMiB);
        Line($"together: wall {ratio:0.00}, CPU {(took.CpuMs + gave.CpuMs) / (put.CpuMs + deleted.CpuMs):0.00} × curl");
        Line($"goal wall ≤ {WallGoal:0.0} × curl: {Met(ratio <= WallGoal)}; peak ≤ {RssGoalMiB:0} MiB: {Met(peak <= RssGoalMiB)}");
    }

    private static (Medians Ours, Medians Theirs) Pair(string ourName, string theirName, Sample[] samples)
    {
        var (ours, theirs) = (Medians.Of(samples, "a"), Medians.Of(samples, "b"));
        Line($"{ourName,-23}{ours}");
        Line($"{theirName,-23}{theirs}");
        Line($"ratio                  {ours.Over(theirs)}    (wall, median of the pairs' own ratios: {Median(Ratios(samples)):0.00})");
        return (ours, theirs);
    }

    private static void Files(string place, Authority authority)
    {
        var (certificate, key) = authority.Issue(Host);
        File.WriteAllText(place + "/host.pem", certificate);
        File.WriteAllText(place + "/host.key", key);
        File.SetUnixFileMode(place + "/host.key", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(place + "/ca.crt", authority.Pem);
    }

    /// <summary>On a tmpfs, as /run is on every host that systemd boots.</summary>
    private static string RunDirectory(string place) =>
        Directory.Exists("/dev/shm") ? "/dev/shm/" + Path.GetFileName(place) : place + "/run";

    private static string Config(string place, string url)
    {
        File.WriteAllText(place + "/config.ini",
            $"[main]\nstate_dir = {place}/state\nrun_dir = {RunDirectory(place)}\n" +
            $"[lock]\nservice = foreman\nname = web\nconfirm_after = 0s\n[foreman]\nurl = {url}\nclient_crt = {place}/host.pem\nclient_key = {place}/host.key\nca = {place}/ca.crt\n");
        return place + "/config.ini";
    }
}
