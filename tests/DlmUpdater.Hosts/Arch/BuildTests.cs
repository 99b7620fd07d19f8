using System.Diagnostics;
using DlmUpdater.Hosts.Harness;
using DlmUpdater.Tests.Host;
using DlmUpdater.Tests.Locks.Etcd;
using DlmUpdater.Tests.Locks.Http;

namespace DlmUpdater.Hosts.Arch;

/// <summary>Each build on the hosts that it is for goes through a whole cycle: mutual TLS to a real etcd, whose name DNS has to say, scripts, a reboot, the lock given back.</summary>
public sealed class BuildTests : IAsyncLifetime, IDisposable
{
    private const string Server = "fleet.example";

    private const string Boot1 = "11111111-1111-4111-8111-111111111111", Boot2 = "22222222-2222-4222-8222-222222222222";

    private readonly TestDirectory scratch = new();
    private readonly Authority authority = new();
    private readonly NameServer names = new(Server);
    private EtcdServer etcd = null!;

    public async Task InitializeAsync()
    {
        File.WriteAllText(scratch.At("ca.pem"), authority.Pem);
        Issue("server", Server);
        Issue("host", "web1.example");
        etcd = await EtcdServer.Start(true, "--client-cert-auth", "--trusted-ca-file", scratch.At("ca.pem"), "--cert-file", scratch.At("server.pem"), "--key-file", scratch.At("server.key"));
    }

    public async Task DisposeAsync() => await etcd.DisposeAsync();

    public void Dispose()
    {
        names.Dispose();
        authority.Dispose();
        scratch.Dispose();
    }

    [Fact]
    public void The_package_build_runs_on_glibc_2_31_with_OpenSSL_1_1()
    {
        using var root = new Root(Places.Dynamic, Places.Bullseye);
        Assert.True(File.Exists(Places.Bullseye + "/usr/lib/x86_64-linux-gnu/libssl.so.1.1"));
        Assert.False(File.Exists(Places.Bullseye + "/usr/lib/x86_64-linux-gnu/libssl.so.3"));
        Cycle(root);
    }

    [Fact]
    public void The_static_build_runs_where_there_is_nothing() => Cycle(new Root(Places.Static));

    [Fact]
    public void The_static_build_never_loads_the_name_services_of_another_C_library()
    {
        using Root root = new Root(Places.Static);
        root.Write("/etc/nsswitch.conf", "hosts: foreign resolve mymachines dns\npasswd: foreign files systemd\ngroup: foreign files\n");
        foreach (string service in (string[])["foreign", "resolve", "mymachines", "systemd"])
        {
            File.WriteAllText(scratch.At("nss.c"), "#include <stdlib.h>\n__attribute__((constructor)) static void loaded(void) { abort(); }\n");
            string library = scratch.At($"libnss_{service}.so.2");
            (int code, string said) = Host.Command("gcc", "-shared", "-fPIC", "-o", library, scratch.At("nss.c"));
            Assert.True(code == 0, said);
            foreach (string place in (string[])["/lib", "/lib64", "/usr/lib", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"]) root.Copy(library, $"{place}/libnss_{service}.so.2");
        }

        // A user is looked up too: the script that says so runs as another.
        root.Write("/etc/passwd", "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n").Write("/etc/group", "root:x:0:\nnogroup:x:65534:\n");
        root.Write("/etc/dlm-updater/pre_update.d/05-user", "#!/bin/sh\n# dlm: user=nobody\nexit 0\n", "755");
        Cycle(root);
    }

    [Fact]
    public void The_package_build_for_arm64_runs()
    {
        using var root = new Root(Places.DynamicArm, emulator: "/usr/bin/qemu-aarch64-static");
        (int code, string said) = Host.Command("cp", "-a", $"{Places.ArmLibraries}/.", root.Upper);
        Assert.True(code == 0, said);
        Cycle(root);
    }

    [Fact]
    public void The_static_build_for_arm64_runs() => Cycle(new Root(Places.StaticArm, emulator: "/usr/bin/qemu-aarch64-static"));

    [Theory]
    [InlineData("/etc/ssl/certs/ca-certificates.crt")]
    [InlineData("/etc/pki/tls/certs/ca-bundle.crt")]
    [InlineData("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem")]
    [InlineData("/etc/ssl/ca-bundle.pem")]
    [InlineData("/var/lib/ca-certificates/ca-bundle.pem")]
    [InlineData("/etc/ssl/cert.pem")]
    public void The_CAs_are_found_where_each_distribution_keeps_them(string bundle)
    {
        using Root root = new Root(Places.Static);
        Configure(root, ca: null);
        Assert.Contains("certificate", Ready(root, 69).Output, StringComparison.Ordinal);
        root.Write(bundle, authority.Pem);
        Ready(root, 0);
    }

    [Fact]
    public void The_image_holds_the_static_build_under_its_own_digests_and_runs_as_an_init_step()
    {
        string layout = Directory.CreateDirectory(scratch.At("image")).FullName;
        Tool("tar", "-xf", Places.Image, "-C", layout);
        foreach (string blob in Directory.GetFiles(layout + "/blobs/sha256")) Assert.Equal(Path.GetFileName(blob), Tool("sha256sum", blob).Split(' ')[0]);
        string layer = System.Text.Json.JsonDocument.Parse(File.ReadAllText(layout + "/blobs/sha256/" + Digest(File.ReadAllText(layout + "/index.json"), "manifests", 0)))
            .RootElement.GetProperty("layers")[0].GetProperty("digest").GetString()!.Split(':')[1];
        string content = Directory.CreateDirectory(scratch.At("content")).FullName;
        Tool("tar", "-xzf", $"{layout}/blobs/sha256/{layer}", "-C", content);

        using Root root = new Root(content + "/usr/bin/dlm-updater");
        Configure(root, "/etc/dlm-updater/ca.pem");
        Ready(root, 0);
        Assert.Contains("post_update", root.Run(Boot1, "run", "--init").Expect(0).Output, StringComparison.Ordinal);
        root.Run(Boot2, "run", "--init").Expect(0);
        Assert.Equal("updated\n", root.Read("/var/log/did"));
    }

    private void Cycle(Root root)
    {
        using (root)
        {
            Configure(root, "/etc/dlm-updater/ca.pem");
            Ready(root, 0);
            int before = names.Asked;

            root.Run(Boot1, "run").Expect(0);
            Assert.Contains("web1", root.Run(Boot1, "lock", "show", "--output", "json").Expect(0).Output, StringComparison.Ordinal);
            Assert.Equal("updated\nreboot\n", root.Read("/var/log/did"));
            root.Run(Boot2, "run", "--after-reboot").Expect(0);

            Assert.DoesNotContain("web1", root.Run(Boot2, "lock", "show", "--output", "json").Expect(0).Output, StringComparison.Ordinal);
            Assert.Equal("updated\nreboot\nwell\n", root.Read("/var/log/did"));
            Assert.True(names.Asked > before, "nobody asked the name server");
        }
    }

    private void Configure(Root root, string? ca)
    {
        root.Write("/etc/resolv.conf", $"nameserver {names.Address}\n").Write("/etc/hosts", "127.0.0.1 localhost\n").Write("/var/log/did", "");
        root.Write("/etc/dlm-updater/ca.pem", authority.Pem).Write("/etc/dlm-updater/host.pem", File.ReadAllText(scratch.At("host.pem"))).Write("/etc/dlm-updater/host.key", File.ReadAllText(scratch.At("host.key")), "600");
        root.Write("/etc/dlm-updater/config.ini", $"""
            [lock]
            service = etcd
            holder = web1
            [etcd]
            endpoints = https://{Server}:{etcd.Port}
            client_crt = /etc/dlm-updater/host.pem
            client_key = /etc/dlm-updater/host.key
            {(ca is null ? "" : "ca = " + ca)}
            [reboot]
            command = /sbin/reboot-now
            """);
        root.Write("/sbin/reboot-now", "#!/bin/sh\necho reboot >> /var/log/did\n", "755");
        root.Write("/etc/dlm-updater/needs_update.d/10-due", "#!/bin/sh\nread word < /var/log/did; [ \"$word\" = updated ]\n", "755");
        root.Write("/etc/dlm-updater/pre_update.d/10-drain", "#!/bin/sh\nexit 0\n", "755");
        root.Write("/etc/dlm-updater/update.d/10-update", "#!/bin/sh\necho updated >> /var/log/did\n", "755");
        root.Write("/etc/dlm-updater/post_update.d/10-well", "#!/bin/sh\n[ \"$DLM_UPDATER_PHASE\" = post_update ] && while read word; do [ $word != reboot ] || echo well >> /var/log/did; done < /var/log/did\nexit 0\n", "755");
        Directory.CreateDirectory(root.Upper + "/etc/dlm-updater/needs_reboot.d");
    }

    /// <summary>Asks until etcd, which has just been started, gives the answer, as it does after a moment.</summary>
    private static Ended Ready(Root root, int code)
    {
        long begin = Stopwatch.GetTimestamp();
        while (true)
        {
            Ended ended = root.Run(Boot1, "lock", "show");
            if (ended.Code == code || Stopwatch.GetElapsedTime(begin) > TimeSpan.FromSeconds(20)) return ended.Expect(code);
            Thread.Sleep(100);
        }
    }

    private void Issue(string file, string name)
    {
        (string certificate, string key) = authority.Issue(name, dns: name);
        File.WriteAllText(scratch.At(file + ".pem"), certificate);
        File.WriteAllText(scratch.At(file + ".key"), key);
    }

    private static string Digest(string json, string list, int index) =>
        System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty(list)[index].GetProperty("digest").GetString()!.Split(':')[1];

    private static string Tool(string name, params string[] arguments)
    {
        (int code, string output) = Host.Command(name, arguments);
        Assert.True(code == 0, $"{name} ended with {code}: {output}");
        return output;
    }
}
