using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DlmUpdater.Tests.Host;

namespace DlmUpdater.Tests.Locks.Http;

/// <summary>Keys, certificates and servers of the host's own openssl, in a directory of their own.</summary>
internal sealed class OpenSsl : IDisposable
{
    private readonly TestDirectory _scratch = new();

    internal OpenSsl()
    {
        Run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", At("ca.key"), "-out", At("ca.pem"), "-subj", "/CN=Test CA", "-days", "30");
        Issue("server", "ec", "ec_paramgen_curve:P-256");
    }

    internal string At(string name) => _scratch.At(name);

    internal string Text(string name) => File.ReadAllText(At(name));

    /// <summary>Runs openssl; what it writes to stdout.</summary>
    internal static string Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("openssl", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {error.GetAwaiter().GetResult()}");
        return output;
    }

    /// <summary>Makes NAME.key and NAME.pem for a host of that name, which is localhost as well.</summary>
    internal void Issue(string name, string kind, string? option = null)
    {
        string[] request = ["req", "-newkey", kind, "-nodes", "-keyout", At(name + ".key"), "-out", At(name + ".csr"), "-subj", "/CN=" + name];
        Run([.. request, .. option is null ? (string[])[] : ["-pkeyopt", option]]);
        Sign(name);
    }

    /// <summary>Makes NAME.pem of NAME.csr.</summary>
    internal void Sign(string name)
    {
        File.WriteAllText(At("ext"), "subjectAltName=DNS:localhost\n");
        Run("x509", "-req", "-in", At(name + ".csr"), "-CA", At("ca.pem"), "-CAkey", At("ca.key"), "-days", "10", "-out", At(name + ".pem"), "-extfile", At("ext"));
    }

    /// <summary>A server with the certificate of <paramref name="name"/>, which answers every request with a page.</summary>
    internal Server Serve(string name, params string[] options) => new(this, name, options);

    public void Dispose() => _scratch.Dispose();

    internal sealed class Server : IDisposable
    {
        private readonly Process _process;
        private bool _isOver;

        internal Server(OpenSsl files, string name, string[] options)
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Port = ((IPEndPoint)free.LocalEndpoint).Port;
            }

            _process = Process.Start(new ProcessStartInfo("openssl",
                ["s_server", "-accept", $"127.0.0.1:{Port}", "-cert", files.At(name + ".pem"), "-key", files.At(name + ".key"), "-www", .. options])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                RedirectStandardInput = true,
            })!;
            // It says so when it listens; all that comes later is read and dropped.
            _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
            string? line;
            do line = _process.StandardOutput.ReadLine();
            while (line is not null && !line.StartsWith("ACCEPT", StringComparison.Ordinal));
            _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
            if (line is not null) return;
            Dispose();
            Assert.Fail("openssl s_server does not start");
        }

        internal int Port { get; }

        internal string Url => $"https://localhost:{Port}";

        public void Dispose()
        {
            if (_isOver) return;
            _isOver = true;
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
