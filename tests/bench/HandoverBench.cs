using System.Diagnostics;
using DlmUpdater.Tests.Locks.DlmEngine;
using DlmUpdater.Tests.Locks.Etcd;
using DlmUpdater.Tests.Locks.FleetLock;
using DlmUpdater.Tests.Locks.Foreman;
using DlmUpdater.Tests.Locks.Http;
using static DlmUpdater.Bench.Measuring;

namespace DlmUpdater.Bench;

/// <summary>How long a lock lies idle between two hosts: from the moment at which the server has the release of one to the moment at which it
/// has the grant of the other, which was waiting.</summary>
internal static class HandoverBench
{
    private const int Rounds = 15, IntervalSeconds = 1;
    private const double ToldGoalMs = 100;

    /// <summary>Measures <paramref name="binary"/> and prints. 0, or 1 if something could not be measured.</summary>
    internal static async Task<int> Run(string binary)
    {
        if (!File.Exists(binary)) return Fail($"{binary} does not exist: build it with 'make build'");
        string place = "/var/lib/dlm-updater-bench-" + Guid.NewGuid().ToString("N");
        Directory.CreateDirectory(place, (UnixFileMode)0b111_101_101);
        try
        {
            Line($"handover from host to host as the server saw it, {Rounds} rounds each, retry_interval {IntervalSeconds} s");
            Line("                     median ms   mean ms    max ms   mean / retry_interval");
            await using (EtcdServer etcd = await EtcdServer.Start())
            {
                await Told(binary, place, new EtcdView(etcd, isV3: true));
                await Told(binary, place, new EtcdView(etcd, isV3: false));
            }

            await Told(binary, place, new FileView(place + "/locks"));
            await Asked(binary, place, new ForemanView(place));
            await Asked(binary, place, new EngineView(place));
            await Asked(binary, place, new FleetView());
            return 0;
        }
        finally
        {
            Directory.Delete(place, recursive: true);
        }
    }

    private static async Task Told(string binary, string place, View view)
    {
        double[] times = await Measure(binary, place, view);
        Print(view.Name, times, $"goal median < {ToldGoalMs:0} ms: {Met(Median(times) < ToldGoalMs)}");
    }

    private static async Task Asked(string binary, string place, View view)
    {
        double[] times = await Measure(binary, place, view);
        Print(view.Name, times, "");
    }

    private static void Print(string name, double[] times, string goal) =>
        Line($"{name,-20}{Median(times),10:0.0}{times.Average(),10:0.0}{times.Max(),10:0.0}{times.Average() / 1000 / IntervalSeconds,12:0.00}          {goal}");

    private static async Task<double[]> Measure(string binary, string place, View view)
    {
        using (view)
        {
            string a = Config(place, view, "a.example"), b = Config(place, view, "b.example");
            var dice = new Random(7);
            var times = new List<double>();
            for (int round = 0; round < Rounds; round++)
            {
                await Call(binary, "lock", "acquire", "--config", a);
                using Process waiting = Start(binary, "shield", "--config", b, "--wait", "--", "sleep", "0.3");
                while (await waiting.StandardError.ReadLineAsync() is { } line && !line.Contains("waiting for the lock", StringComparison.Ordinal))
                {
                    // Not yet.
                }

                // Anywhere within a polling interval, and late enough for a watch to stand.
                await Task.Delay(500 + dice.Next(1000 * IntervalSeconds));
                Task<double> handover = Task.Run(() => view.Handover("a.example", "b.example"));
                await Call(binary, "lock", "release", "--config", a);
                times.Add(await handover);
                await waiting.WaitForExitAsync();
            }

            return [.. times];
        }
    }

    private static async Task Call(string binary, params string[] arguments)
    {
        using Process process = Start(binary, arguments);
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{string.Join(' ', arguments)} ended with {process.ExitCode}: {error}");
    }

    private static Process Start(string binary, params string[] arguments)
    {
        var start = new ProcessStartInfo(binary) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        return Process.Start(start)!;
    }

    private static string Config(string place, View view, string host)
    {
        string own = $"{place}/{host}";
        Directory.CreateDirectory(own);
        File.WriteAllText(own + ".ini", $"[main]\nstate_dir = {own}/state\nrun_dir = {own}/run\n[lock]\nretry_interval = {IntervalSeconds}s\nholder = {host}\n{view.Config(host)}");
        File.SetUnixFileMode(own + ".ini", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return own + ".ini";
    }

    /// <summary>A lock service, and a look at who holds its lock that costs it nothing, or next to nothing.</summary>
    private abstract class View : IDisposable
    {
        internal abstract string Name { get; }

        internal abstract string Config(string host);

        /// <summary>Who holds the lock now.</summary>
        protected abstract string? Holder();

        /// <summary>Milliseconds from the moment at which <paramref name="from"/> holds the lock no more to that at which <paramref name="to"/> does.</summary>
        internal virtual double Handover(string from, string to)
        {
            Until(() => Holder() != from);
            long released = Stopwatch.GetTimestamp();
            Until(() => Holder() == to);
            return Stopwatch.GetElapsedTime(released).TotalMilliseconds;
        }

        public abstract void Dispose();

        private static void Until(Func<bool> condition)
        {
            for (long begin = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(0))
            {
                if (Stopwatch.GetElapsedTime(begin).TotalSeconds > 30) throw new InvalidOperationException("the lock does not change hands");
            }
        }
    }

    private sealed class FileView(string directory) : View
    {
        public override void Dispose()
        {
            // Nothing runs.
        }

        internal override string Name => "file, told";

        internal override string Config(string host)
        {
            Directory.CreateDirectory(directory);
            return $"service = file\nname = web\n[file]\ndirectory = {directory}\n";
        }

        protected override string? Holder()
        {
            string text = File.ReadAllText(directory + "/web.json");
            return text.Contains("a.example", StringComparison.Ordinal) ? "a.example" : text.Contains("b.example", StringComparison.Ordinal) ? "b.example" : null;
        }
    }

    /// <summary>etcd tells the bench of each version as it tells the hosts.</summary>
    private sealed class EtcdView(EtcdServer etcd, bool isV3) : View
    {
        public override void Dispose()
        {
            // The server serves both layouts.
        }

        private readonly string _group = Guid.NewGuid().ToString("N");

        internal override string Name => isV3 ? "etcd v3, watch" : "etcd v2, long poll";

        private string Key => isV3 ? $"com.coreos.airlock/groups/{_group}/v1/semaphore" : $"coreos.com/updateengine/rebootlock/groups/{_group}/semaphore";

        internal override string Config(string host) =>
            $"service = etcd\n[etcd]\nendpoints = {etcd.Url}\napi = {(isV3 ? "v3" : "v2")}\ngroup = {_group}\n";

        protected override string? Holder()
        {
            // Gently: it must have time for the hosts.
            Thread.Sleep(2);
            string text = (isV3 ? etcd.Get(Key) : etcd.Get2(Key)).GetAwaiter().GetResult() ?? "";
            return text.Contains("a.example", StringComparison.Ordinal) ? "a.example" : text.Contains("b.example", StringComparison.Ordinal) ? "b.example" : null;
        }
    }

    private sealed class ForemanView : View
    {
        private readonly FakeForeman _foreman = new();
        private readonly Authority _authority = new();
        private readonly TestServer _server;
        private readonly string _place;

        internal ForemanView(string place)
        {
            _place = place;
            _server = new TestServer(seen =>
            {
                (int status, string body) = _foreman.Handle(seen.Method, seen.ClientName ?? "");
                return TestServer.Reply(status, body);
            }, _authority.Issue("foreman.example"));
        }

        internal override string Name => "foreman, asked";

        internal override string Config(string host)
        {
            var (certificate, key) = _authority.Issue(host);
            string files = $"{_place}/{host}/host";
            File.WriteAllText(files + ".pem", certificate);
            File.WriteAllText(files + ".key", key);
            File.SetUnixFileMode(files + ".key", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.WriteAllText(files + ".ca", _authority.Pem);
            return $"service = foreman\nname = web\nconfirm_after = 0s\n[foreman]\nurl = {_server.Url}\nclient_crt = {files}.pem\nclient_key = {files}.key\nca = {files}.ca\n";
        }

        protected override string? Holder() => _foreman.Holder;

        public override void Dispose()
        {
            _server.Dispose();
            _authority.Dispose();
        }
    }

    private sealed class EngineView : View
    {
        private readonly FakeEngine _engine = new();
        private readonly TestServer _server;
        private readonly string _secret;

        internal EngineView(string place)
        {
            _secret = place + "/secret";
            File.WriteAllText(_secret, FakeEngine.Secret);
            File.SetUnixFileMode(_secret, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            _server = new TestServer(seen =>
            {
                string? Header(string name) => seen.Head.Split("\r\n").FirstOrDefault(l => l.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];
                lock (_engine)
                {
                    (int status, string body) = _engine.Handle(seen.Method, seen.Path, Header("x-secret-id"), Header("x-secret"), seen.Body);
                    return TestServer.Reply(status, body);
                }
            });
        }

        internal override string Name => "dlmengine, asked";

        internal override string Config(string host) =>
            $"service = dlmengine\nname = web\n[dlmengine]\nurl = {_server.Url}\nsecret_id = {FakeEngine.SecretId}\nsecret_file = {_secret}\n";

        protected override string? Holder()
        {
            lock (_engine) return _engine.Locks.GetValueOrDefault("web");
        }

        public override void Dispose() => _server.Dispose();
    }

    private sealed class FleetView : View
    {
        private readonly FakeFleet _fleet = new(Dialect.Airlock);
        private readonly TestServer _server;

        internal FleetView() => _server = new TestServer(seen =>
        {
            lock (_fleet)
            {
                (int status, string body) = _fleet.Handle(seen.Method, seen.Path, "true", seen.Body);
                return TestServer.Reply(status, body);
            }
        });

        internal override string Name => "fleetlock, asked";

        internal override string Config(string host) => $"service = fleetlock\n[fleetlock]\nurl = {_server.Url}\n";

        protected override string? Holder()
        {
            lock (_fleet) return _fleet.Holders.Min;
        }

        public override void Dispose() => _server.Dispose();
    }
}
